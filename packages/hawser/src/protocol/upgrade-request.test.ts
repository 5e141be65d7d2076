import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { handshakeDefaults } from "./handshake-headers.js";
import { checkUpgradeRequest } from "./upgrade-request.js";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const CONNECTION = ["Host", "example.com", "Upgrade", "websocket", "Connection", "Upgrade"];
const VERSION = ["Sec-WebSocket-Version", "13"];
const rawHeaders = [...CONNECTION, "Sec-WebSocket-Key", KEY, ...VERSION];
const good = { method: "GET", target: "/chat?room=1", version: "1.1", rawHeaders };

/** The good request with one header (of any case) replaced; undefined takes it away. */
function withHeader(name: string, value: string | undefined): typeof good {
  const at = rawHeaders.indexOf(name);
  const added = value === undefined ? [] : [name, value];
  return { ...good, rawHeaders: [...rawHeaders.slice(0, at), ...added, ...rawHeaders.slice(at + 2)] };
}

function withMore(...more: string[]): typeof good {
  return { ...good, rawHeaders: [...rawHeaders, ...more] };
}

function withFields(...fields: [string, string][]): typeof good {
  return withMore(...fields.flat());
}

describe("an upgrade request", () => {
  it("is read whole", () => {
    const request = checkUpgradeRequest(
      withFields(
        ["Origin", "https://example.com"],
        ["X-A", "1"],
        ["x-a", "2"],
        ["Sec-WebSocket-Protocol", "chat, v2"],
        ["Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"],
      ),
    );
    expect(request).toEqual({
      target: "/chat?room=1",
      key: KEY,
      host: "example.com",
      origin: "https://example.com",
      protocols: ["chat", "v2"],
      extensions: [{ name: "permessage-deflate", parameters: new Map([["client_max_window_bits", [true]]]) }],
      headers: new Map([
        ["host", "example.com"],
        ["upgrade", "websocket"],
        ["connection", "Upgrade"],
        ["sec-websocket-key", KEY],
        ["sec-websocket-version", "13"],
        ["origin", "https://example.com"],
        ["x-a", "1, 2"],
        ["sec-websocket-protocol", "chat, v2"],
        ["sec-websocket-extensions", "permessage-deflate; client_max_window_bits"],
      ]),
    });
  });

  it("needs no origin, sub-protocol or extension", () => {
    expect(checkUpgradeRequest(good)).toMatchObject({ origin: undefined, protocols: [], extensions: [] });
  });

  it("may list sub-protocols and extensions in several headers", () => {
    const request = checkUpgradeRequest(
      withFields(
        ["Sec-WebSocket-Protocol", "a, b"],
        ["sec-websocket-protocol", "c"],
        ["Sec-WebSocket-Extensions", "x"],
        ["Sec-WebSocket-Extensions", "y"],
      ),
    );
    expect(request).toMatchObject({ protocols: ["a", "b", "c"], extensions: [{ name: "x" }, { name: "y" }] });
  });

  it.each([
    ["Upgrade", "WebSocket"],
    ["Upgrade", "WEBSOCKET"],
    ["Upgrade", "h2c, websocket"],
    ["Connection", "keep-alive, Upgrade"],
    ["Connection", "UPGRADE"],
    ["Connection", "keep-alive ,\tupgrade , "],
  ])("REL-B13 may say %s: %s", (name, value) => {
    expect(checkUpgradeRequest(withHeader(name, value))).toHaveProperty("key", KEY);
  });

  it("REL-B13 may write the names of headers in any case", () => {
    const upper = {
      ...good,
      rawHeaders: rawHeaders.map((text, index) => (index % 2 === 0 ? text.toUpperCase() : text)),
    };
    expect(checkUpgradeRequest(upper)).toHaveProperty("key", KEY);
  });

  it("REL-B7 may say that it has no body", () => {
    expect(checkUpgradeRequest(withMore("Content-Length", "0"))).toHaveProperty("key", KEY);
  });

  it("REL-B26 in absolute form is reduced to its path", () => {
    expect(checkUpgradeRequest({ ...good, target: "http://example.com/a?b" })).toHaveProperty("target", "/a?b");
  });

  it("REL-B19 may offer 1,000 sub-protocols that fit the limits", () => {
    const names = Array.from({ length: 1000 }, (_, index) => `p${index}`);
    expect(checkUpgradeRequest(withMore("Sec-WebSocket-Protocol", names.join(",")))).toHaveProperty("protocols", names);
  });
});

describe("an upgrade request is refused", () => {
  it.each([
    ["REL-B14", "Upgrade", undefined, 426, "upgrade-missing"],
    ["REL-B14", "Upgrade", "", 426, "upgrade-missing"],
    ["REL-B14", "Upgrade", "h2c", 426, "upgrade-missing"],
    ["REL-B14", "Upgrade", "websockets", 426, "upgrade-missing"],
    ["REL-B13", "Connection", undefined, 400, "connection-without-upgrade"],
    ["REL-B13", "Connection", "keep-alive", 400, "connection-without-upgrade"],
    ["REL-B13", "Connection", "upgrades", 400, "connection-without-upgrade"],
    ["REL-B10", "Sec-WebSocket-Version", undefined, 426, "version-unsupported"],
    ["REL-B10", "Sec-WebSocket-Version", "8", 426, "version-unsupported"],
    ["REL-B10", "Sec-WebSocket-Version", "1337", 426, "version-unsupported"],
    ["REL-B10", "Sec-WebSocket-Version", "13, 8", 426, "version-unsupported"],
    ["REL-B10", "Sec-WebSocket-Version", "013", 426, "version-unsupported"],
    ["REL-B15", "Sec-WebSocket-Key", undefined, 400, "key-invalid"],
    ["REL-B15", "Sec-WebSocket-Key", "", 400, "key-invalid"],
    ["REL-B15", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j", 400, "key-invalid"],
    ["REL-B15", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZWU=", 400, "key-invalid"],
    ["REL-B15", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ", 400, "key-invalid"],
    ["REL-B15", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j!!==", 400, "key-invalid"],
    ["REL-B16", "Host", undefined, 400, "host-invalid"],
    ["REL-B16", "Host", "", 400, "host-invalid"],
    ["REL-B16", "Host", "a@b", 400, "host-invalid"],
    ["REL-B16", "Host", "a, b", 400, "host-invalid"],
  ])("%s for %s: %s, with %i, %s", (_id, name, value, status, rule) => {
    expect(checkUpgradeRequest(withHeader(name, value))).toMatchObject({ status, rule });
  });

  it.each([
    ["REL-B12", "Sec-WebSocket-Key", KEY, "duplicate-header"],
    ["REL-B12", "sec-websocket-version", "13", "duplicate-header"],
    ["REL-B12", "HOST", "example.com", "duplicate-header"],
    ["REL-B7", "Content-Length", "1", "body-announced"],
    ["REL-B7", "Content-Length", "", "body-announced"],
    ["REL-B7", "Content-Length", "-0", "body-announced"],
    ["REL-B7", "Content-Length", "0, 5", "body-announced"],
    ["REL-B7", "Content-Length", "0x0", "body-announced"],
    ["REL-B7", "Transfer-Encoding", "chunked", "body-announced"],
    ["REL-B7", "Transfer-Encoding", "identity", "body-announced"],
    ["REL-B7", "Transfer-Encoding", "", "body-announced"],
    ["REL-B18", "Sec-WebSocket-Protocol", "ch\xe4t", "header-value-invalid"],
    ["REL-B18", "Sec-WebSocket-Extensions", "a\x85", "header-value-invalid"],
    ["REL-B22", "X-User", "a\x0bb", "header-value-invalid"],
    ["REL-B22", "X-User", "a\x85b", "header-value-invalid"],
    ["REL-B22", "X-User", "a\x1cb", "header-value-invalid"],
    ["REL-B22", "Sec-WebSocket-Protocol", "a\x0c", "header-value-invalid"],
    ["REL-B22", "X User", "a", "header-name-invalid"],
    ["REL-B19", "Sec-WebSocket-Protocol", "", "protocols-invalid"],
    ["REL-B19", "Sec-WebSocket-Protocol", "a,,b", "protocols-invalid"],
    ["REL-B19", "Sec-WebSocket-Protocol", "a, a", "protocols-invalid"],
    ["REL-B20", "Sec-WebSocket-Extensions", 'a; b="\\a\\a', "extensions-invalid"],
    ["REL-B20", "Sec-WebSocket-Extensions", "", "extensions-invalid"],
  ])("%s for a further %s: %j with 400, %s", (_id, name, value, rule) => {
    expect(checkUpgradeRequest(withMore(name, value))).toMatchObject({ status: 400, rule });
  });

  it("REL-B12 for two origins, even of the same text", () => {
    const refusal = checkUpgradeRequest(withMore("Origin", "https://a.example", "origin", "https://a.example"));
    expect(refusal).toMatchObject({ status: 400, rule: "duplicate-header" });
  });

  it("REL-B12 for sub-protocols that repeat over two headers", () => {
    const refusal = checkUpgradeRequest(withMore("Sec-WebSocket-Protocol", "a", "Sec-WebSocket-Protocol", "a"));
    expect(refusal).toMatchObject({ status: 400, rule: "protocols-invalid" });
  });

  it.each(["POST", "CONNECT", "HEAD", "OPTIONS", "get", ""])("REL-B16 for the method %j", (method) => {
    expect(checkUpgradeRequest({ ...good, method })).toMatchObject({ status: 405, headers: { Allow: "GET" } });
  });

  it.each(["1.0", "0.9", "2.0"])("REL-B16 for HTTP/%s", (version) => {
    expect(checkUpgradeRequest({ ...good, version })).toMatchObject({ status: 400, rule: "http-version-old" });
  });

  it.each(["/a%00", "/../a", "/%zz", "/a\0", "/a#b", ""])("REL-B6 for the target %j", (target) => {
    expect(checkUpgradeRequest({ ...good, target })).toMatchObject({ status: 400, rule: "target-invalid" });
  });

  it.each(["http://evil.example/", "*", "example.com:80"])("REL-B26 for the target %s", (target) => {
    expect(checkUpgradeRequest({ ...good, target })).toMatchObject({ status: 400, rule: "target-authority" });
  });

  it("with a body announced before anything of the upgrade is looked at", () => {
    const plain = { ...good, rawHeaders: ["Host", "example.com", "Content-Length", "5"] };
    expect(checkUpgradeRequest(plain)).toMatchObject({ status: 400, rule: "body-announced" });
  });

  it("as a plain GET with 426 and the protocol to upgrade to", () => {
    const refusal = checkUpgradeRequest({ ...good, rawHeaders: ["Host", "example.com"] });
    expect(refusal).toEqual({
      status: 426,
      headers: { Upgrade: "websocket" },
      reason: "this resource speaks WebSocket",
      rule: "upgrade-missing",
    });
  });

  it("REL-B10 for another version with 426 and the one that we speak", () => {
    expect(checkUpgradeRequest(withHeader("Sec-WebSocket-Version", "25"))).toMatchObject({
      status: 426,
      headers: { Upgrade: "websocket", "Sec-WebSocket-Version": "13" },
    });
  });

  it("with a reason that holds nothing of the request", () => {
    const refusal = checkUpgradeRequest(withMore("Sec-WebSocket-Protocol", "<script>"));
    expect(refusal).toHaveProperty("reason", "the Sec-WebSocket-Protocol header is malformed");
  });
});

describe("the limits of an upgrade request", () => {
  it("REL-B5 allow 100 headers and no more", () => {
    const fillers = Array.from({ length: 95 }, (_, index) => [`x-${index}`, ""]).flat();
    expect(checkUpgradeRequest(withMore(...fillers))).toHaveProperty("key", KEY);
    expect(checkUpgradeRequest(withMore(...fillers, "x", ""))).toMatchObject({ status: 431, rule: "too-many-headers" });
  });

  it("REL-B5 refuse 3,000 headers, in front of the key, for their number", () => {
    const fillers = Array.from({ length: 3000 }, () => ["x", ""]).flat();
    const refusal = checkUpgradeRequest({ ...good, rawHeaders: [...fillers, ...rawHeaders] });
    expect(refusal).toMatchObject({ status: 431, rule: "too-many-headers" });
  });

  it("REL-B5 allow 8 KiB of head and no more, as it is on the wire", () => {
    const lines = withMore("Cookie", "").rawHeaders;
    const fields = lines
      .filter((_, index) => index % 2 === 0)
      .map((name, index) => `${name}: ${lines[index * 2 + 1]}\r\n`);
    const room = 8192 - `GET /chat?room=1 HTTP/1.1\r\n${fields.join("")}\r\n`.length;
    expect(checkUpgradeRequest(withMore("Cookie", "c".repeat(room)))).toHaveProperty("key", KEY);
    expect(checkUpgradeRequest(withMore("Cookie", "c".repeat(room + 1)))).toMatchObject({
      status: 431,
      rule: "head-too-large",
    });
  });

  it("REL-B6 allow a target of 4 KiB and no more", () => {
    expect(checkUpgradeRequest({ ...good, target: `/${"a".repeat(4095)}` })).toHaveProperty("key", KEY);
    expect(checkUpgradeRequest({ ...good, target: `/${"a".repeat(4096)}` })).toMatchObject({ status: 414 });
  });

  it("REL-B19 refuse sub-protocols that do not fit", () => {
    const names = Array.from({ length: 1000 }, (_, index) => `protocol-${index}`);
    const refusal = checkUpgradeRequest(withMore("Sec-WebSocket-Protocol", names.join(",")));
    expect(refusal).toMatchObject({ status: 431, rule: "head-too-large" });
  });

  it("may be set by the caller", () => {
    expect(checkUpgradeRequest(good, { ...handshakeDefaults, maxHeaders: 5 })).toHaveProperty("key", KEY);
    expect(checkUpgradeRequest(good, { ...handshakeDefaults, maxHeaders: 4 })).toHaveProperty("status", 431);
  });
});

describe("any request", () => {
  it("is accepted or refused, and never throws", () => {
    const name = fc.constantFrom(
      "Host",
      "upgrade",
      "Connection",
      "Sec-WebSocket-Key",
      "Sec-WebSocket-Protocol",
      "__proto__",
      "é",
    );
    const value = fc.oneof(
      fc.constantFrom("websocket", "Upgrade", KEY, "13", "a.b", ""),
      fc.string({ unit: "binary", maxLength: 20 }),
    );
    const anyHead = fc.record({
      method: fc.constantFrom("GET", "POST"),
      target: fc.oneof(fc.constant("/"), fc.string({ maxLength: 20 })),
      version: fc.constantFrom("1.1", "1.0"),
      rawHeaders: fc
        .array(fc.tuple(name, value), { maxLength: 8 })
        .map((fields) => [...rawHeaders.slice(6), ...fields.flat()]),
    });
    fc.assert(
      fc.property(anyHead, (head) => {
        const result = checkUpgradeRequest(head);
        expect("status" in result ? [400, 405, 426] : [101]).toContain("status" in result ? result.status : 101);
      }),
      { numRuns: 500 },
    );
  });
});
