import { describe, expect, it } from "vitest";

import { countHeaderBytes, handshakeDefaults, isHandshakeHeader, readHeaders } from "./handshake-headers.js";

describe("reading raw headers", () => {
  it("gives lower-case names, joins repeats and counts them", () => {
    const table = readHeaders(["Host", "a", "X-B", "1", "x-b", "2"]);
    expect(table).toEqual({
      values: new Map([
        ["host", "a"],
        ["x-b", "1, 2"],
      ]),
      counts: new Map([
        ["host", 1],
        ["x-b", 2],
      ]),
    });
  });

  it("REL-B20 takes __proto__ and constructor for names like any other", () => {
    const table = readHeaders(["__proto__", "a", "constructor", "b"]);
    expect(table).toHaveProperty(
      "values",
      new Map([
        ["__proto__", "a"],
        ["constructor", "b"],
      ]),
    );
  });

  it.each(["", " ", "a b", "host ", "a\0", "é"])("refuses the name %j", (name) => {
    expect(readHeaders([name, "1"])).toBe("header-name-invalid");
  });

  it("REL-B22 refuses a control character in a value", () => {
    expect(readHeaders(["X-User", "a\x0bb"])).toBe("header-value-invalid");
  });

  it("keeps bytes above 127 in a value that is not ours", () => {
    expect(readHeaders(["User-Agent", "\xc3\x85"])).toHaveProperty("values", new Map([["user-agent", "\xc3\x85"]]));
  });

  it.each(["Sec-WebSocket-Protocol", "sec-websocket-key", "SEC-WEBSOCKET-ANYTHING"])(
    "REL-B18 refuses bytes above 127 in %s",
    (name) => {
      expect(readHeaders([name, "a\x85"])).toBe("header-value-invalid");
    },
  );

  it("refuses a name without a value", () => {
    expect(readHeaders(["X-A", "1", "X-B"])).toBe("header-name-invalid");
  });
});

describe("the size of headers", () => {
  it("counts ': ' and CR LF", () => {
    expect(countHeaderBytes(["Host", "a", "B", ""])).toBe("Host: a\r\nB: \r\n".length);
  });

  it("is limited to 8 KiB, 100 fields and a target of 4 KiB by default", () => {
    expect(handshakeDefaults).toEqual({ maxHeaderBytes: 8192, maxHeaders: 100, maxTargetBytes: 4096 });
  });
});

describe("the handshake's own headers", () => {
  it.each(["connection", "content-length", "host", "origin", "transfer-encoding", "upgrade", "sec-websocket-accept"])(
    "include %s",
    (name) => {
      expect(isHandshakeHeader(name)).toBe(true);
    },
  );

  it.each(["authorization", "cookie", "sec-websocket", "x-host"])("do not include %s", (name) => {
    expect(isHandshakeHeader(name)).toBe(false);
  });
});
