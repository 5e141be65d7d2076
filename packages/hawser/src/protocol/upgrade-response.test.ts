import { describe, expect, it } from "vitest";

import { formatRefusal, formatUpgradeResponse } from "./upgrade-response.js";

const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const invalid = expect.objectContaining({ name: "UsageError", code: "INVALID_ARGUMENT" });

describe("the 101", () => {
  it("says the least when nothing was agreed on", () => {
    expect(formatUpgradeResponse({ accept })).toBe(
      "HTTP/1.1 101 Switching Protocols\r\n" +
        "Upgrade: websocket\r\n" +
        "Connection: Upgrade\r\n" +
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
        "\r\n",
    );
  });

  it("says what was agreed on, and what the application adds", () => {
    const head = formatUpgradeResponse({
      accept,
      protocol: "chat",
      extensions: "permessage-deflate; server_no_context_takeover",
      headers: { "Set-Cookie": "a=b; HttpOnly" },
    });
    expect(head.split("\r\n").slice(4)).toEqual([
      "Sec-WebSocket-Protocol: chat",
      "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover",
      "Set-Cookie: a=b; HttpOnly",
      "",
      "",
    ]);
  });

  it("leaves out an empty sub-protocol and empty extensions", () => {
    expect(formatUpgradeResponse({ accept, protocol: "", extensions: "" })).toBe(formatUpgradeResponse({ accept }));
  });

  it.each(["a b", "a,b", "a\r\nX: y", "é"])("REL-B23 is not made with the sub-protocol %j", (protocol) => {
    expect(() => formatUpgradeResponse({ accept, protocol })).toThrow(invalid);
  });

  it("REL-B23 is not made with a line break in the extensions", () => {
    expect(() => formatUpgradeResponse({ accept, extensions: "a\r\nX: y" })).toThrow(invalid);
  });

  it.each(["X-A\r\n", "Connection", "upgrade", "Sec-WebSocket-Accept", "SEC-WEBSOCKET-PROTOCOL", "Transfer-Encoding"])(
    "REL-B23 is not made with the further header %j",
    (name) => {
      expect(() => formatUpgradeResponse({ accept, headers: { [name]: "a" } })).toThrow(invalid);
    },
  );

  it("REL-B23 is not made with a line break in a further header", () => {
    expect(() => formatUpgradeResponse({ accept, headers: { "X-A": "a\r\nX-B: c" } })).toThrow(invalid);
  });
});

describe("a refusal", () => {
  it("REL-B10 closes the connection and says the reason phrase by default", () => {
    expect(formatRefusal({ status: 404 })).toBe(
      "HTTP/1.1 404 Not Found\r\n" +
        "Connection: close\r\n" +
        "Content-Type: text/plain; charset=utf-8\r\n" +
        "Content-Length: 9\r\n" +
        "\r\n" +
        "Not Found",
    );
  });

  it("REL-B10 lists Upgrade in Connection when it has that header", () => {
    const refusal = formatRefusal({
      status: 426,
      headers: { Upgrade: "websocket", "Sec-WebSocket-Version": "13" },
      body: "",
    });
    expect(refusal).toBe(
      "HTTP/1.1 426 Upgrade Required\r\n" +
        "Connection: close, Upgrade\r\n" +
        "Content-Type: text/plain; charset=utf-8\r\n" +
        "Content-Length: 0\r\n" +
        "Upgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\n" +
        "\r\n",
    );
  });

  it("keeps the application's content type", () => {
    const refusal = formatRefusal({ status: 403, headers: { "content-type": "application/json" }, body: "{}" });
    expect(refusal).toBe(
      "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\ncontent-type: application/json\r\n\r\n{}",
    );
  });

  it.each(["", "a", "é", "€", "😀", "a\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}", "\ud800x", "x\udc00"])(
    "counts the UTF-8 bytes of %j",
    (body) => {
      expect(formatRefusal({ status: 400, body })).toContain(`\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`);
    },
  );

  it("may be a redirect", () => {
    expect(formatRefusal({ status: 308, headers: { Location: "/new" } })).toMatch(
      /^HTTP\/1\.1 308 Permanent Redirect\r\n/,
    );
  });

  it("may have a status without a phrase of its own", () => {
    expect(formatRefusal({ status: 499 })).toMatch(/^HTTP\/1\.1 499 Refused\r\n[^]*\r\n\r\nRefused$/);
  });

  it.each([101, 200, 299, 600, 404.5, NaN])("is not made with the status %d", (status) => {
    expect(() => formatRefusal({ status })).toThrow(invalid);
  });

  it.each(["Connection", "content-length", "Transfer-Encoding"])("is not made with the further header %s", (name) => {
    expect(() => formatRefusal({ status: 400, headers: { [name]: "1" } })).toThrow(invalid);
  });

  it("REL-B23 is not made with a line break in a redirect", () => {
    expect(() => formatRefusal({ status: 302, headers: { Location: "/\r\nSet-Cookie: a=b" } })).toThrow(invalid);
  });
});
