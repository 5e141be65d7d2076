import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { hostAllowed, parseHost } from "./host.js";

describe("a host", () => {
  it.each([
    ["example.com", "example.com", undefined],
    ["EXAMPLE.Com:8080", "example.com", 8080],
    ["example.com.", "example.com", undefined],
    ["example.com.:443", "example.com", 443],
    ["localhost:1", "localhost", 1],
    ["my_service-1:65535", "my_service-1", 65_535],
    ["127.0.0.1:80", "127.0.0.1", 80],
    ["[::1]", "[::1]", undefined],
    ["[2001:DB8::1]:443", "[2001:db8::1]", 443],
    ["[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]", undefined],
    ["xn--bcher-kva.example", "xn--bcher-kva.example", undefined],
  ])("is read from %j", (text, host, port) => {
    expect(parseHost(text)).toEqual({ host, port });
  });

  it.each([
    "",
    ".",
    ":80",
    "a..b",
    ".a",
    "a..",
    "a b",
    " a",
    "a,b",
    "user@a",
    "a/",
    "a/b",
    "a?b",
    "a#b",
    "a%2eb",
    "bücher.example",
    "a:",
    "a:0",
    "a:080",
    "a:65536",
    "a:123456",
    "a:8o",
    "a:80:80",
    "::1",
    "[::1",
    "[]",
    "[::1]x",
    "[::1]80",
    "[::g]",
    "[fe80::1%eth0]",
    "[::1].",
    "a\0",
    "a\n",
    `${"a".repeat(64)}.b`,
    `${"a.".repeat(127)}b`,
  ])("is not read from %j", (text) => {
    expect(parseHost(text)).toBeUndefined();
  });

  it("may have 253 characters", () => {
    expect(parseHost(`${"a.".repeat(126)}b`)).toBeDefined();
  });

  it("never throws, and reads its own text again", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", ".", ":", "[", "]", "1", "0", "@", "é"), { maxLength: 12 }),
        (parts) => {
          const address = parseHost(parts.join(""));
          const again =
            address && parseHost(address.port === undefined ? address.host : `${address.host}:${address.port}`);
          expect(again).toEqual(address);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("the hosts of a server on a loopback address", () => {
  it.each(["localhost", "localhost:8080", "LOCALHOST", "localhost.", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:9"])(
    "REL-E4 include %s",
    (host) => {
      expect(hostAllowed(host, [])).toBe(true);
    },
  );

  it.each([
    "evil.example",
    "localhost.evil.example",
    "evil-localhost",
    "127.0.0.1.evil.example",
    "127.1",
    "2130706433",
    "0.0.0.0",
    "[::]",
    "[::ffff:127.0.0.1]",
    "localhost@evil.example",
    "localhost, evil.example",
    "",
    "localhost:",
  ])("REL-E4 do not include %j", (host) => {
    expect(hostAllowed(host, [])).toBe(false);
  });

  it.each([
    ["app.example", true],
    ["app.example:8080", true],
    ["admin.example:8443", true],
    ["admin.example", false],
    ["admin.example:8444", false],
    ["sub.app.example", false],
    ["app.example.evil", false],
  ])("REL-E4 with a list of app.example and admin.example:8443 make %s %s", (host, allowed) => {
    expect(hostAllowed(host, ["App.Example", "admin.example:8443"])).toBe(allowed);
  });

  it("are not widened by an entry that is no host", () => {
    expect(hostAllowed("evil.example", ["", "*", "http://evil.example"])).toBe(false);
  });
});
