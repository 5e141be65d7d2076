import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readTarget } from "./request-target.js";

describe("a request's target", () => {
  it.each([
    "/",
    "/chat",
    "/chat?room=1&x=%00",
    "/a%20b/%C3%A9",
    "/a/./b",
    "/a..b/..c/d..",
    "/...",
    "/?..",
    "/?/../",
    "//evil.example/a",
    "/a?b=%",
    "/a?http://b",
  ])("may be %s", (target) => {
    expect(readTarget(target, "example.com")).toEqual({ target });
  });

  it.each([
    "/a%00b",
    "/%00",
    "/..",
    "/../etc/passwd",
    "/a/../b",
    "/a/..?x",
    "/%2e%2e/a",
    "/a/%2E./b",
    "/a/..%2fb",
    "/a%2f..%2fb",
    "/a\\..\\b",
    "/a/..%5Cb",
    "/%",
    "/%2",
    "/%zz",
    "/a%c3",
    "/%ff",
    "/%C0%AE%C0%AE/",
    "/a#b",
    "/a b",
    "/a\0",
    "/a\x7f",
    "/é",
    "",
  ])("REL-B6 may not be %j", (target) => {
    expect(readTarget(target, "example.com")).toEqual({ rule: "target-invalid" });
  });

  it.each([
    ["http://example.com/chat?x", "example.com", "/chat?x"],
    ["http://example.com", "example.com", "/"],
    ["http://example.com?x=1", "example.com", "/?x=1"],
    ["HTTP://EXAMPLE.com:80/a", "example.com", "/a"],
    ["ws://example.com/a", "example.com:80", "/a"],
    ["https://example.com/a", "example.com:443", "/a"],
    ["WSS://example.com:443/a", "example.com", "/a"],
    ["ws://[::1]:8080/a", "[::1]:8080", "/a"],
  ])("REL-B26 %s on Host %s is %s", (target, host, path) => {
    expect(readTarget(target, host)).toEqual({ target: path });
  });

  it.each([
    ["http://evil.example/chat", "example.com"],
    ["http://example.com:8080/chat", "example.com"],
    ["https://example.com/chat", "example.com:80"],
    ["http://user@example.com/chat", "example.com"],
    ["http://example.com@evil.example/chat", "example.com"],
    ["http://example.com\\@evil.example/", "example.com"],
    ["http:///chat", "example.com"],
    ["http:/chat", "example.com"],
    ["ftp://example.com/chat", "example.com"],
    ["file:///etc/passwd", "example.com"],
    ["example.com:80", "example.com"],
    ["example.com/chat", "example.com"],
    ["chat", "example.com"],
    ["*", "example.com"],
    ["?x", "example.com"],
    ["http://example.com/chat", ""],
  ])("REL-B26 %s on Host %j is refused", (target, host) => {
    expect(readTarget(target, host)).toEqual({ rule: "target-authority" });
  });

  it("REL-B6 in absolute form has its path checked as well", () => {
    expect(readTarget("http://example.com/a/../b", "example.com")).toEqual({ rule: "target-invalid" });
  });

  it("REL-B6 is a path that decodes, or refused", () => {
    const piece = fc.constantFrom(
      "/",
      "a",
      "..",
      ".",
      "%",
      "%2e",
      "%2f",
      "%00",
      "%c3%a9",
      "?",
      "\\",
      "http://h",
      "#",
      "é",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const read = readTarget(pieces.join(""), "h");
        const [path = ""] = ("target" in read ? read.target : "/").split("?");
        expect(decodeURIComponent(path)).toMatch(/^\/(?!(?:.*[/\\])?\.\.(?:[/\\]|$))[^\0]*$/);
      }),
      { numRuns: 1000 },
    );
  });
});
