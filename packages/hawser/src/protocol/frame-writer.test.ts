import { expect, it } from "vitest";
import { frameHeaderBytes, writeFrameHeader } from "./frame-writer.js";

it.each([
  [0, "8200", "82803fa1b2c3"],
  [125, "827d", "82fd3fa1b2c3"],
  [126, "827e007e", "82fe007e3fa1b2c3"],
  [65_535, "827effff", "82feffff3fa1b2c3"],
  [65_536, "827f0000000000010000", "82ff00000000000100003fa1b2c3"],
  [2 ** 32, "827f0000000100000000", "82ff00000001000000003fa1b2c3"],
  [2 ** 53 - 1, "827f001fffffffffffff", "82ff001fffffffffffff3fa1b2c3"],
])("writes the header of %i bytes in the shortest form (REL-A11)", (length, plain, masked) => {
  const target = new Uint8Array(20).fill(0xaa);

  const plainEnd = writeFrameHeader(target, 3, 0x82, length, undefined);
  const plainHex = Buffer.from(target.subarray(3, plainEnd)).toString("hex");
  const maskedEnd = writeFrameHeader(target, 3, 0x82, length, 0x3fa1b2c3);

  expect(plainHex).toBe(plain);
  expect(Buffer.from(target.subarray(3, maskedEnd)).toString("hex")).toBe(masked);
  expect([plainEnd - 3, maskedEnd - 3]).toEqual([frameHeaderBytes(length, false), frameHeaderBytes(length, true)]);
  expect(Array.from(target.subarray(0, 3))).toEqual([0xaa, 0xaa, 0xaa]);
});

it("writes a key with the highest bit set, and the key 0, as a masked frame (REL-A33)", () => {
  const target = new Uint8Array(12);

  writeFrameHeader(target, 0, 0x81, 1, 0xfffefdfc);
  writeFrameHeader(target, 6, 0x81, 1, 0);

  expect(Buffer.from(target).toString("hex")).toBe("8181fffefdfc818100000000");
});
