import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { checkAllowedOrigins, originAllowed, parseOrigin } from "./origin.js";

describe("an origin", () => {
  it.each([
    ["https://example.com", "https", "example.com", 443],
    ["HTTP://Example.COM", "http", "example.com", 80],
    ["wss://example.com", "https", "example.com", 443],
    ["ws://example.com:80", "http", "example.com", 80],
    ["https://example.com.:8443", "https", "example.com", 8443],
    ["http://[::1]:3000", "http", "[::1]", 3000],
    ["chrome-extension://abcdefghijklmnop", "chrome-extension", "abcdefghijklmnop", undefined],
  ])("is read from %s", (text, scheme, host, port) => {
    expect(parseOrigin(text)).toEqual({ scheme, host, port });
  });
});

describe("a page's origin, by default,", () => {
  it.each([
    // origin, Host, over TLS, allowed
    ["http://example.com", "example.com", false, true],
    ["https://example.com", "example.com", true, true],
    ["ws://example.com", "example.com", false, true],
    ["wss://example.com", "example.com", true, true],
    ["http://example.com:80", "example.com", false, true],
    ["http://example.com", "example.com:80", false, true],
    ["https://example.com:443", "example.com", true, true],
    ["https://example.com", "example.com:443", true, true],
    ["http://example.com:8080", "example.com:8080", false, true],
    ["https://example.com:8443", "example.com:8443", true, true],
    ["HTTPS://EXAMPLE.COM", "example.com", true, true],
    ["https://example.com", "Example.Com", true, true],
    ["https://example.com.", "example.com", true, true],
    ["https://example.com", "example.com.", true, true],
    ["http://localhost:3000", "localhost:3000", false, true],
    ["http://127.0.0.1:3000", "127.0.0.1:3000", false, true],
    ["http://[::1]:3000", "[::1]:3000", false, true],
    ["http://[2001:DB8::1]", "[2001:db8::1]", false, true],
    ["https://xn--bcher-kva.example", "xn--bcher-kva.example", true, true],
    ["https://xn--bcher-kva.example", "XN--BCHER-KVA.example", true, true],
    // a proxy ended TLS
    ["https://example.com", "example.com", false, true],
    ["https://example.com:8443", "example.com:8443", false, true],
    // another scheme
    ["http://example.com", "example.com", true, false],
    ["http://example.com:443", "example.com", true, false],
    ["ftp://example.com", "example.com", false, false],
    ["file://example.com", "example.com", false, false],
    ["chrome-extension://example.com", "example.com", false, false],
    // another port
    ["http://example.com:8080", "example.com", false, false],
    ["http://example.com", "example.com:8080", false, false],
    ["https://example.com", "example.com:80", false, false],
    ["https://example.com:80", "example.com", true, false],
    ["http://localhost:3000", "localhost:3001", false, false],
    // another host
    ["https://evil.example", "good.com", true, false],
    ["https://evil-good.com", "good.com", true, false],
    ["https://evilgood.com", "good.com", true, false],
    ["https://good.com.evil.example", "good.com", true, false],
    ["https://sub.good.com", "good.com", true, false],
    ["https://good.com", "sub.good.com", true, false],
    ["https://good.co", "good.com", true, false],
    ["https://good.com..", "good.com", true, false],
    ["http://127.0.0.1", "localhost", false, false],
    ["http://127.1", "127.0.0.1", false, false],
    ["http://[0:0:0:0:0:0:0:1]", "[::1]", false, false],
    // an IDN is its punycode
    ["https://bücher.example", "xn--bcher-kva.example", true, false],
    ["https://bücher.example", "bücher.example", true, false],
    ["https://gооd.com", "good.com", true, false],
    ["https://good。com", "good.com", true, false],
    // no origin at all, or more than one
    ["null", "example.com", true, false],
    ["NULL", "example.com", true, false],
    ["", "example.com", true, false],
    [" ", "example.com", true, false],
    ["example.com", "example.com", true, false],
    ["//example.com", "example.com", true, false],
    ["://example.com", "example.com", true, false],
    ["https:example.com", "example.com", true, false],
    ["https:/example.com", "example.com", true, false],
    ["https:///example.com", "example.com", true, false],
    ["https:\\\\example.com", "example.com", true, false],
    ["https://", "example.com", true, false],
    ["https://example.com https://example.com", "example.com", true, false],
    ["https://evil.example https://example.com", "example.com", true, false],
    ["https://example.com, https://evil.example", "example.com", true, false],
    ["https://example.com,", "example.com", true, false],
    // more than an origin
    ["https://example.com/", "example.com", true, false],
    ["https://example.com/path", "example.com", true, false],
    ["https://example.com?query", "example.com", true, false],
    ["https://example.com#fragment", "example.com", true, false],
    ["https://user@example.com", "example.com", true, false],
    ["https://user:password@example.com", "example.com", true, false],
    ["https://example.com@evil.example", "example.com", true, false],
    ["https://evil.example#@example.com", "example.com", true, false],
    ["https://evil.example\\@example.com", "example.com", true, false],
    ["https://example.com:", "example.com", true, false],
    ["https://example.com:0443", "example.com", true, false],
    ["https://example.com:443a", "example.com", true, false],
    ["https://example.com:65979", "example.com", true, false],
    ["https://example%2ecom", "example.com", true, false],
    [" https://example.com", "example.com", true, false],
    ["https://example.com ", "example.com", true, false],
    ["https://example.com\t", "example.com", true, false],
    ["https://example.com\0", "example.com", true, false],
    // a Host that is none
    ["https://example.com", "", true, false],
    ["https://example.com", "user@example.com", true, false],
    ["https://example.com", "example.com, example.com", true, false],
  ] as const)("REL-E2 %j on Host %j over TLS %s is allowed: %s", (origin, host, secure, allowed) => {
    expect(originAllowed(origin, host, secure, [])).toBe(allowed);
  });

  it("REL-E2 may be missing: the client is no browser", () => {
    expect(originAllowed(undefined, "example.com", true, [])).toBe(true);
  });

  it("REL-E2 is never allowed for a text without a host name in it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 30 }), (origin) => {
        expect(originAllowed(origin, "example.com", false, ["https://a.example"])).toBe(false);
      }),
    );
  });
});

describe("listed origins", () => {
  const listed = ["https://app.example", "http://dev.example:5173", "chrome-extension://abc", "null"];

  it.each([
    ["https://app.example", true],
    ["HTTPS://App.Example:443", true],
    ["wss://app.example", true],
    ["http://dev.example:5173", true],
    ["chrome-extension://abc", true],
    ["null", true],
    ["https://own.example", true],
    ["http://app.example", false],
    ["https://app.example:8443", false],
    ["https://sub.app.example", false],
    ["https://app.example.evil", false],
    ["http://dev.example", false],
    ["chrome-extension://abcd", false],
    ["moz-extension://abc", false],
    ["Null", false],
    ["null null", false],
  ])("REL-E2 make %s allowed: %s", (origin, allowed) => {
    expect(originAllowed(origin, "own.example", true, listed)).toBe(allowed);
  });

  it("REL-E2 do not match anything by an entry that is no origin", () => {
    expect(originAllowed("https://evil.example", "own.example", true, ["*", "evil.example", "https://*"])).toBe(false);
  });

  it.each(["https://evil.example", "null", "anything"])("REL-E2 given as '*' allow %s", (origin) => {
    expect(originAllowed(origin, "own.example", true, "*")).toBe(true);
  });

  it("are accepted when each could match a page", () => {
    expect(() => checkAllowedOrigins(listed)).not.toThrow();
  });

  it.each(["*", "app.example", "https://app.example/", "https://*.example", "https://app.example/chat", ""])(
    "are refused with the entry %j, which could match none",
    (entry) => {
      expect(() => checkAllowedOrigins(["null", entry])).toThrow(
        expect.objectContaining({ name: "UsageError", code: "INVALID_ARGUMENT", facts: { origin: entry } }),
      );
    },
  );
});
