import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseRequestHead, parseResponseHead } from "./http-head.js";

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const limits = { maxHeaderBytes: 200, maxHeaders: 3, maxTargetBytes: 20 };

const REQUEST = "GET /chat?x=1 HTTP/1.1\r\nHost: example.com\r\nX-Empty:\r\nX-Padded: \t a\tb \t\r\n\r\n";
const requestHead = {
  method: "GET",
  target: "/chat?x=1",
  version: "1.1",
  rawHeaders: ["Host", "example.com", "X-Empty", "", "X-Padded", "a\tb"],
};

describe("the head of a request", () => {
  it("is read up to the blank line, and what follows is left", () => {
    expect(parseRequestHead(bytesOf(`${REQUEST}more`))).toEqual({
      kind: "head",
      head: requestHead,
      bytes: REQUEST.length,
    });
  });

  it("may have no header", () => {
    expect(parseRequestHead(bytesOf("GET / HTTP/1.0\r\n\r\n"))).toEqual({
      kind: "head",
      head: { method: "GET", target: "/", version: "1.0", rawHeaders: [] },
      bytes: 18,
    });
  });

  it("keeps bytes above 127 as characters of the same number", () => {
    const bytes = bytesOf("GET / HTTP/1.1\r\nX: \x80\xff\r\n\r\n");
    expect(parseRequestHead(bytes)).toHaveProperty("head.rawHeaders", ["X", "\x80\xff"]);
  });

  it("is read the same from any splits, each resumed where the last one ended", () => {
    const bytes = bytesOf(REQUEST);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(REQUEST.length - 1)), (cuts) => {
        const ends = [...cuts].sort((a, b) => a - b);
        let scanned = 0;
        for (const end of ends) {
          const result = parseRequestHead(bytes.subarray(0, end), undefined, scanned);
          expect(result).toEqual({ kind: "incomplete", scanned: end });
          scanned = end;
        }
        expect(parseRequestHead(bytes, undefined, scanned)).toEqual({
          kind: "head",
          head: requestHead,
          bytes: bytes.length,
        });
      }),
    );
  });

  it("needs more of nothing", () => {
    expect(parseRequestHead(new Uint8Array(0))).toEqual({ kind: "incomplete", scanned: 0 });
  });

  it.each([
    ["\n", 400, "bare-line-feed"],
    ["GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "bare-line-feed"],
    ["GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "bare-line-feed"],
    ["GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "bare-line-feed"],
    ["\r\n", 400, "start-line-invalid"],
    ["\r\nGET / HTTP/1.1\r\n\r\n", 400, "start-line-invalid"],
    [" GET / HTTP/1.1\r\n\r\n", 400, "start-line-invalid"],
    ["GET  / HTTP/1.1\r\n\r\n", 400, "start-line-invalid"],
    ["GET / HTTP/1.1 \r\n\r\n", 400, "start-line-invalid"],
    ["GET /\r\n\r\n", 400, "start-line-invalid"],
    ["GET\r\n\r\n", 400, "start-line-invalid"],
    ["G(T / HTTP/1.1\r\n\r\n", 400, "start-line-invalid"],
    ["GET /\0 HTTP/1.1\r\n\r\n", 400, "start-line-invalid"],
    ["GET /\xe9 HTTP/1.1\r\n\r\n", 400, "start-line-invalid"],
    ["GET / http/1.1\r\n\r\n", 400, "start-line-invalid"],
    ["GET / HTTP/1\r\n\r\n", 400, "start-line-invalid"],
    ["GET / HTTP/2.0\r\n\r\n", 505, "http-version-unsupported"],
    ["GET / HTTP/1.2\r\n\r\n", 505, "http-version-unsupported"],
    ["GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400, "folded-header"],
    ["GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", 400, "folded-header"],
    ["GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "header-name-invalid"],
    ["GET / HTTP/1.1\r\nHost\r\n\r\n", 400, "header-name-invalid"],
    ["GET / HTTP/1.1\r\n: a\r\n\r\n", 400, "header-name-invalid"],
    ["GET / HTTP/1.1\r\nHo\0st: a\r\n\r\n", 400, "header-name-invalid"],
    ["GET / HTTP/1.1\r\nHost: a\0\r\n\r\n", 400, "header-value-invalid"],
    ["GET / HTTP/1.1\r\nHost: a\x0bb\r\n\r\n", 400, "header-value-invalid"],
    ["GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400, "header-value-invalid"],
    ["GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400, "header-value-invalid"],
  ])("REL-B22 %j is refused with %i, %s", (text, status, rule) => {
    expect(parseRequestHead(bytesOf(text))).toMatchObject({ kind: "refused", refusal: { status, rule } });
  });

  it("REL-B5 may have as many headers as allowed, and none more", () => {
    const head = "GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n";
    expect(parseRequestHead(bytesOf(`${head}\r\n`), limits)).toHaveProperty("kind", "head");
    expect(parseRequestHead(bytesOf(`${head}D: 4\r\n\r\n`), limits)).toMatchObject({
      refusal: { status: 431, rule: "too-many-headers" },
    });
  });

  it("REL-B5 may have as many bytes as allowed, and none more", () => {
    const head = "GET / HTTP/1.1\r\nA: ";
    expect(parseRequestHead(bytesOf(`${head}${"a".repeat(177)}\r\n\r\n`), limits)).toHaveProperty("bytes", 200);
    expect(parseRequestHead(bytesOf(`${head}${"a".repeat(178)}\r\n\r\n`), limits)).toMatchObject({
      refusal: { status: 431, rule: "head-too-large" },
    });
  });

  it("REL-B5 is refused as soon as it cannot end within the limit", () => {
    const head = bytesOf(`GET / HTTP/1.1\r\nA: ${"a".repeat(200)}`);
    expect(parseRequestHead(head.subarray(0, 199), limits)).toEqual({ kind: "incomplete", scanned: 199 });
    expect(parseRequestHead(head.subarray(0, 200), limits)).toMatchObject({ refusal: { rule: "head-too-large" } });
  });

  it("REL-B6 may have a target as long as allowed, and no longer", () => {
    expect(parseRequestHead(bytesOf(`GET /${"a".repeat(19)} HTTP/1.1\r\n\r\n`), limits)).toHaveProperty("kind", "head");
    expect(parseRequestHead(bytesOf(`GET /${"a".repeat(20)} HTTP/1.1\r\n\r\n`), limits)).toMatchObject({
      refusal: { status: 414, rule: "target-too-long" },
    });
  });

  it("REL-B6 is refused for its target before its first line has ended", () => {
    const head = bytesOf(`GET /${"a".repeat(100)}`);
    expect(parseRequestHead(head.subarray(0, 84), limits)).toEqual({ kind: "incomplete", scanned: 84 });
    expect(parseRequestHead(head.subarray(0, 85), limits)).toMatchObject({ refusal: { status: 414 } });
  });

  it("may be longer than the pieces it is read in", () => {
    const value = "0123456789".repeat(2000);
    const wide = { maxHeaderBytes: Infinity, maxHeaders: Infinity, maxTargetBytes: Infinity };
    const result = parseRequestHead(bytesOf(`GET / HTTP/1.1\r\nA: ${value}\r\n\r\n`), wide);
    expect(result).toHaveProperty("head.rawHeaders", ["A", value]);
  });

  it("never throws for any bytes", () => {
    const piece = fc.constantFrom("GET ", "/", " HTTP/1.1", "\r\n", "\n", "Host", ":", " ", "\0", "a", "\xff");
    const anyBytes = fc.oneof(
      fc.uint8Array(),
      fc.array(piece, { maxLength: 30 }).map((all) => bytesOf(all.join(""))),
    );
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(["head", "incomplete", "refused"]).toContain(parseRequestHead(bytes, limits).kind);
      }),
      { numRuns: 1000 },
    );
  });

  it("is read as it was written", () => {
    const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
    const value = fc.stringMatching(/^(?:[!-~](?:[ -~\t]{0,20}[!-~])?)?$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(token, value), { maxLength: 50 }), (fields) => {
        const lines = fields.map(([name, text]) => `${name}: ${text}\r\n`);
        const result = parseRequestHead(bytesOf(`GET / HTTP/1.1\r\n${lines.join("")}\r\n`));
        expect(result).toHaveProperty("head.rawHeaders", fields.flat());
      }),
    );
  });
});

describe("the head of a response", () => {
  it("is read up to the blank line, and what follows is left", () => {
    const text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    expect(parseResponseHead(bytesOf(`${text}\x81\x00`))).toEqual({
      kind: "head",
      head: { status: 101, reason: "Switching Protocols", version: "1.1", rawHeaders: ["Upgrade", "websocket"] },
      bytes: text.length,
    });
  });

  it.each([
    ["HTTP/1.0 404 \r\n\r\n", 404, "", "1.0"],
    ["HTTP/1.1 200\r\n\r\n", 200, "", "1.1"],
    ["HTTP/1.1 599 a\tb \xe9\r\n\r\n", 599, "a\tb \xe9", "1.1"],
  ])("may be %j", (text, status, reason, version) => {
    expect(parseResponseHead(bytesOf(text))).toMatchObject({ head: { status, reason, version, rawHeaders: [] } });
  });

  it("needs more before the blank line", () => {
    expect(parseResponseHead(bytesOf("HTTP/1.1 101 S\r\n"))).toEqual({ kind: "incomplete", scanned: 16 });
  });

  it.each([
    "HTTP/1.1\r\n\r\n",
    "HTTP/1.1 \r\n\r\n",
    "HTTP/1.1 10\r\n\r\n",
    "HTTP/1.1 099 a\r\n\r\n",
    "HTTP/1.1 1010 a\r\n\r\n",
    "HTTP/1.1 101a\r\n\r\n",
    "HTTP/1.1  101 a\r\n\r\n",
    "HTTP/1.1\t101 a\r\n\r\n",
    "HTTP/1.1 101 a\0\r\n\r\n",
    "HTTP/2.0 101 a\r\n\r\n",
    "ICY 200 OK\r\n\r\n",
    "\r\n\r\n",
    "HTTP/1.1 101 a\nUpgrade: websocket\r\n\r\n",
    "HTTP/1.1 101 a\r\nUpgrade : websocket\r\n\r\n",
    "HTTP/1.1 101 a\r\nUpgrade: a\r\n b\r\n\r\n",
  ])("fails as HANDSHAKE_INVALID for %j", (text) => {
    expect(() => parseResponseHead(bytesOf(text))).toThrow(
      expect.objectContaining({ name: "ConnectionError", code: "HANDSHAKE_INVALID" }),
    );
  });

  it("fails when it is longer than allowed, and has no target to blame", () => {
    expect(() => parseResponseHead(bytesOf(`HTTP/1.1 101 ${"a".repeat(200)}`), limits)).toThrow(/too large/);
  });
});
