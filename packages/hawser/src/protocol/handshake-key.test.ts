import { createHash } from "node:crypto";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { acceptKey, createKey, isKey } from "./handshake-key.js";

const sha1 = (bytes: Uint8Array): Uint8Array => createHash("sha1").update(bytes).digest();

describe("the handshake's key", () => {
  it("REL-B15 is answered as RFC 6455 section 1.3 has it", () => {
    expect(acceptKey("dGhlIHNhbXBsZSBub25jZQ==", sha1)).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });

  it("is base64 of the 16 random bytes it is given", () => {
    const key = createKey((target) => {
      target.set([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10]);
    });
    expect(key).toBe("AQIDBAUGBwgJCgsMDQ4PEA==");
  });

  it("equals Node's base64 for any bytes, and is a key", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const key = createKey((target) => target.set(bytes));
        expect(key).toBe(Buffer.from(bytes).toString("base64"));
        expect(isKey(key)).toBe(true);
      }),
    );
  });

  it("encodes a hash of any length, padded", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        expect(acceptKey("", () => bytes)).toBe(Buffer.from(bytes).toString("base64"));
      }),
    );
  });

  it.each([
    "",
    "AQIDBAUGBwgJCgsMDQ4PEA=",
    "AQIDBAUGBwgJCgsMDQ4PEA",
    "AQIDBAUGBwgJCgsMDQ4PEBE=",
    "AQIDBAUGBwgJCgsMDQ4PEBES",
    "AQIDBAUGBwgJCgsMDQ4PEA==\n",
    " AQIDBAUGBwgJCgsMDQ4PEA==",
    "AQIDBAUGBwgJCgsMDQ4P-A==",
    "AQIDBAUGBwgJCgsMDQ4P_A==",
  ])("REL-B15 is not %j", (text) => {
    expect(isKey(text)).toBe(false);
  });
});
