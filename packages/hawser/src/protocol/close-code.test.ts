import { describe, expect, it } from "vitest";
import { portableBytes } from "../internal/portable-bytes.js";
import { checkClose, closeCodeName, cutReason, formatClosePayload, isWireCloseCode } from "./close-code.js";

const invalid = expect.objectContaining({ code: "INVALID_ARGUMENT" });

/** Whatever a caller without types may pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}

describe("isWireCloseCode", () => {
  it("REL-A24 takes 1000-1003, 1007-1014 and 3000-4999 of all 65,536 codes", () => {
    const taken = Array.from({ length: 65_536 }, (_, code) => code).filter(isWireCloseCode);

    expect(taken.slice(0, 12)).toEqual([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]);
    expect(taken.slice(12)).toEqual(Array.from({ length: 2000 }, (_, at) => 3000 + at));
  });
});

describe("closeCodeName", () => {
  it.each([
    [1000, "normal closure"],
    [1006, "abnormal closure"],
    [1015, "TLS handshake failed"],
    [1004, "reserved"],
    [2999, "reserved"],
    [3000, "registered by a library or framework"],
    [3999, "registered by a library or framework"],
    [4000, "private to the application"],
    [4999, "private to the application"],
    [5000, "reserved"],
  ])("calls %i %s", (code, name) => {
    expect(closeCodeName(code)).toBe(name);
  });
});

describe("checkClose", () => {
  it("takes no code, and every code that may be sent", () => {
    expect(() => {
      checkClose(undefined, "", "server", portableBytes);
      checkClose(1000, "", "server", portableBytes);
      checkClose(1010, "", "client", portableBytes);
      checkClose(1014, "bad gateway", "server", portableBytes);
      checkClose(4999, "a".repeat(123), "client", portableBytes);
    }).not.toThrow();
  });

  it.each([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_536, -1, 1000.5, Number.NaN, Infinity])(
    "REL-A25 refuses code %d",
    (code) => {
      expect(() => {
        checkClose(code, "", "client", portableBytes);
      }).toThrow(invalid);
    },
  );

  it("REL-A27 refuses a code that is no number, without calling its methods", () => {
    const trap = { valueOf: () => 1000, toString: () => "1000" };
    expect(() => {
      checkClose(untyped("1000"), "", "client", portableBytes);
    }).toThrow(invalid);
    expect(() => {
      checkClose(untyped(trap), "", "client", portableBytes);
    }).toThrow(invalid);
  });

  it("names the value and what was expected", () => {
    expect(() => {
      checkClose(1005, "", "client", portableBytes);
    }).toThrow(
      expect.objectContaining({
        message: "close code 1005 may not be sent: use 1000-1003, 1007-1014 or 3000-4999",
        facts: { name: "code", value: 1005, expected: "1000-1003, 1007-1014 or 3000-4999" },
      }),
    );
  });

  it("refuses 1010 from a server (RFC 6455 §7.4.1)", () => {
    expect(() => {
      checkClose(1010, "", "server", portableBytes);
    }).toThrow(invalid);
  });

  it.each([
    ["a typed array", new Uint8Array(8)],
    ["a number", 100],
    ["null", null],
    ["undefined", undefined],
    ["an object", { length: 5 }],
  ])("REL-A27 refuses %s as a reason", (_, reason) => {
    expect(() => {
      checkClose(1000, untyped(reason), "client", portableBytes);
    }).toThrow(invalid);
  });

  it("REL-A26 refuses a reason of more than 123 bytes in UTF-8", () => {
    expect(() => {
      checkClose(1000, "ä".repeat(62), "client", portableBytes);
    }).toThrow(expect.objectContaining({ facts: { name: "reason", value: 124, expected: "at most 123 bytes" } }));
  });

  it("refuses a reason without a code", () => {
    expect(() => {
      checkClose(undefined, "bye", "client", portableBytes);
    }).toThrow(invalid);
  });
});

describe("formatClosePayload", () => {
  it.each([
    [undefined, "", ""],
    [1000, "", "03e8"],
    [4999, "bye", "1387627965"],
    [1001, "ä", "03e9c3a4"],
  ])("writes %s %s as %s", (code, reason, hex) => {
    expect(Buffer.from(formatClosePayload(code, reason, portableBytes)).toString("hex")).toBe(hex);
  });

  it("REL-A27 writes every byte of memory that was not clean", () => {
    const dirty = { ...portableBytes, allocate: (bytes: number) => new Uint8Array(bytes).fill(0xaa) };

    expect(Array.from(formatClosePayload(1000, "\ud800b", dirty))).toEqual([3, 232, 0xef, 0xbf, 0xbd, 0x62]);
  });
});

describe("cutReason", () => {
  it.each([
    ["a short one as it is", "gone", "gone"],
    ["123 bytes as they are", "a".repeat(123), "a".repeat(123)],
    ["124 bytes to 123", "a".repeat(124), "a".repeat(123)],
    ["never inside a code point of two bytes", "ä".repeat(70), "ä".repeat(61)],
    ["never inside a code point of four bytes", "😀".repeat(40), "😀".repeat(30)],
    ["at the first that does not fit, though a later one would", `${"a".repeat(122)}äa`, "a".repeat(122)],
    ["lone surrogates as three bytes", "\ud800".repeat(60), "\ud800".repeat(41)],
  ])("REL-A26 cuts %s", (_, text, cut) => {
    expect(cutReason(text, portableBytes)).toBe(cut);
  });
});
