import { createHash } from "node:crypto";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { ConnectionError } from "../internal/errors.js";
import { parseRequestHead } from "./http-head.js";
import { checkUpgradeResponse, formatUpgradeRequest } from "./upgrade-client.js";
import { checkUpgradeRequest } from "./upgrade-request.js";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const sha1 = (bytes: Uint8Array): Uint8Array => createHash("sha1").update(bytes).digest();

describe("a client's request", () => {
  const offer = { target: "/chat?x", host: "example.com:8080", key: KEY, protocols: [], extensions: "" };
  const invalid = expect.objectContaining({ name: "UsageError", code: "INVALID_ARGUMENT" });

  it("says the least when nothing is offered", () => {
    expect(formatUpgradeRequest(offer)).toBe(
      "GET /chat?x HTTP/1.1\r\n" +
        "Host: example.com:8080\r\n" +
        "Upgrade: websocket\r\n" +
        "Connection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        "Sec-WebSocket-Version: 13\r\n" +
        "\r\n",
    );
  });

  it("is understood by our server with all that it offers", () => {
    const text = formatUpgradeRequest({
      ...offer,
      protocols: ["a", "b"],
      extensions: "permessage-deflate",
      origin: "https://example.com",
      headers: { Authorization: "Bearer x" },
    });
    const parsed = parseRequestHead(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    const head = "head" in parsed ? parsed.head : { method: "", target: "", version: "", rawHeaders: [] };
    expect(checkUpgradeRequest(head)).toMatchObject({
      target: "/chat?x",
      key: KEY,
      host: "example.com:8080",
      origin: "https://example.com",
      protocols: ["a", "b"],
      extensions: [{ name: "permessage-deflate" }],
    });
    expect(head.rawHeaders.slice(-2)).toEqual(["Authorization", "Bearer x"]);
  });

  it.each([
    { target: "chat" },
    { target: "" },
    { target: "/a b" },
    { target: "/a\r\nX: y" },
    { target: "/é" },
    { target: "/a#b" },
    { host: "" },
    { host: "a\r\nX: y" },
    { host: "bücher.example" },
    { key: "a\r\nX: y" },
    { protocols: [""] },
    { protocols: ["a b"] },
    { protocols: ["a,b"] },
    { protocols: ["a", "a"] },
    { protocols: ["a\r\nX: y"] },
    { extensions: "a\r\nX: y" },
    { origin: "a\r\nX: y" },
    { headers: { "X-A": "a\r\nX: y" } },
    { headers: { "X-A\r\nX": "y" } },
    { headers: { Host: "other" } },
    { headers: { origin: "https://other.example" } },
    { headers: { "sec-websocket-protocol": "a" } },
    { headers: { Upgrade: "h2c" } },
    { headers: { "content-length": "1" } },
  ])("REL-B23 is not made with %j", (change) => {
    expect(() => formatUpgradeRequest({ ...offer, ...change } as Parameters<typeof formatUpgradeRequest>[0])).toThrow(
      invalid,
    );
  });
});

describe("a server's answer", () => {
  const CONNECTION = ["Upgrade", "websocket", "Connection", "Upgrade"];
  const rawHeaders = [...CONNECTION, "Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="];
  const good = { status: 101, reason: "Switching Protocols", version: "1.1", rawHeaders };
  const expected = { key: KEY, sha1, protocols: ["a", "b"], offeredDeflate: "permessage-deflate" };
  const withMore = (...more: string[]): typeof good => ({ ...good, rawHeaders: [...rawHeaders, ...more] });

  it("may agree to nothing that was offered", () => {
    expect(checkUpgradeResponse(good, expected)).toEqual({
      protocol: "",
      extensions: "",
      deflate: null,
      headers: new Map([
        ["upgrade", "websocket"],
        ["connection", "Upgrade"],
        ["sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
      ]),
    });
  });

  it("may agree to a sub-protocol and to compression", () => {
    const head = withMore(
      "Sec-WebSocket-Protocol",
      "b",
      "Sec-WebSocket-Extensions",
      "permessage-deflate; server_max_window_bits=9",
    );
    expect(checkUpgradeResponse(head, expected)).toMatchObject({
      protocol: "b",
      extensions: "permessage-deflate; server_max_window_bits=9",
      deflate: { server: { windowBits: 9, takeover: true }, client: { windowBits: 15, takeover: true } },
    });
  });

  it("REL-B13 may be written in any case, with more in Connection", () => {
    const head = {
      ...good,
      rawHeaders: [
        "UPGRADE",
        "WebSocket",
        "connection",
        "keep-alive, upgrade",
        "sec-websocket-ACCEPT",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
      ],
    };
    expect(checkUpgradeResponse(head, expected)).toHaveProperty("protocol", "");
  });

  it.each([100, 200, 301, 401, 404, 426, 500, 503])("of status %i is a refusal, the status a fact", (status) => {
    expect(() => checkUpgradeResponse({ ...good, status, rawHeaders: [] }, expected)).toThrow(
      expect.objectContaining({ name: "ConnectionError", code: "HANDSHAKE_REFUSED", facts: { status } }),
    );
  });

  it.each([
    ["HTTP/1.0", { ...good, version: "1.0" }, /a 101 needs HTTP\/1\.1/],
    ["no Upgrade", { ...good, rawHeaders: rawHeaders.slice(2) }, /Upgrade is not websocket/],
    ["two of Upgrade", withMore("Upgrade", "websocket"), /Upgrade is not websocket/],
    [
      "another Upgrade",
      { ...good, rawHeaders: ["Upgrade", "h2c", ...rawHeaders.slice(2)] },
      /Upgrade is not websocket/,
    ],
    [
      "no Connection",
      { ...good, rawHeaders: [...rawHeaders.slice(0, 2), ...rawHeaders.slice(4)] },
      /Connection does not list/,
    ],
    ["another Connection", { ...good, rawHeaders: rawHeaders.with(3, "close") }, /Connection does not list/],
    ["REL-B15 no accept", { ...good, rawHeaders: CONNECTION }, /Sec-WebSocket-Accept does not answer/],
    [
      "REL-B15 a wrong accept",
      { ...good, rawHeaders: rawHeaders.with(5, "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=") },
      /does not answer/,
    ],
    [
      "REL-B15 an accept of other case",
      { ...good, rawHeaders: rawHeaders.with(5, "S3PPLMBITXAQ9KYGZZHZRBK+XOO=") },
      /does not answer/,
    ],
    [
      "REL-B12 two accepts",
      withMore("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
      /Accept came more than once/,
    ],
    ["REL-B19 an unoffered sub-protocol", withMore("Sec-WebSocket-Protocol", "c"), /the sub-protocol was not offered/],
    [
      "REL-B19 a sub-protocol of other case",
      withMore("Sec-WebSocket-Protocol", "A"),
      /the sub-protocol was not offered/,
    ],
    ["REL-B19 an empty sub-protocol", withMore("Sec-WebSocket-Protocol", ""), /the sub-protocol was not offered/],
    ["REL-B19 a list of sub-protocols", withMore("Sec-WebSocket-Protocol", "a, b"), /the sub-protocol was not offered/],
    [
      "REL-B19 two sub-protocols",
      withMore("Sec-WebSocket-Protocol", "a", "sec-websocket-protocol", "a"),
      /came more than once/,
    ],
    ["REL-B21 an unoffered extension", withMore("Sec-WebSocket-Extensions", "x"), /the extension x was not offered/],
    [
      "REL-B21 a malformed extension",
      withMore("Sec-WebSocket-Extensions", "x;"),
      /Sec-WebSocket-Extensions is malformed/,
    ],
    ["REL-B21 an empty extension", withMore("Sec-WebSocket-Extensions", ""), /Sec-WebSocket-Extensions is malformed/],
    [
      "REL-B21 two extensions",
      withMore("Sec-WebSocket-Extensions", "permessage-deflate, permessage-deflate"),
      /more extensions/,
    ],
    [
      "REL-B21 a window of 0",
      withMore("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=0"),
      /server_max_window_bits/,
    ],
    ["REL-B22 a control character", withMore("X-A", "a\x0b"), /the value of a header field is malformed/],
    ["REL-B18 bytes above 127", withMore("Sec-WebSocket-Protocol", "\xe9"), /the value of a header field is malformed/],
  ])("fails as HANDSHAKE_INVALID with %s", (_name, head, message) => {
    expect(() => checkUpgradeResponse(head, expected)).toThrow(
      expect.objectContaining({
        name: "ConnectionError",
        code: "HANDSHAKE_INVALID",
        message: expect.stringMatching(message),
      }),
    );
  });

  it("REL-B21 fails with compression that was not offered", () => {
    const head = withMore("Sec-WebSocket-Extensions", "permessage-deflate");
    expect(() => checkUpgradeResponse(head, { ...expected, offeredDeflate: null })).toThrow(/was not offered/);
  });

  it("never fails but with a ConnectionError", () => {
    const name = fc.constantFrom("Upgrade", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "__proto__", "x");
    const value = fc.oneof(
      fc.constantFrom("a", "permessage-deflate", ""),
      fc.string({ unit: "binary", maxLength: 20 }),
    );
    const check = (more: string[]): string => {
      try {
        return checkUpgradeResponse(withMore(...more), expected).protocol;
      } catch (error) {
        if (error instanceof ConnectionError) return "";
        throw error;
      }
    };
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 3 }), (fields) => {
        expect(["", "a", "b"]).toContain(check(fields.flat()));
      }),
      { numRuns: 500 },
    );
  });
});
