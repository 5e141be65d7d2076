import fc from "fast-check";
import { expect, it } from "vitest";
import { portableBytes } from "../internal/portable-bytes.js";
import { createNodeBytes, publicText } from "./node-bytes.js";

const bytes = createNodeBytes();

/** Text of every kind, lone surrogates and byte order marks among it. */
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.string({ maxLength: 60 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom("\ufeffmark", "\ufffd", "a".repeat(5000) + "\u20ac", "\ud800"),
);
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  anyText.map((text) => new Uint8Array(Buffer.from(text))),
  fc
    .tuple(anyText, fc.uint8Array({ maxLength: 3 }))
    .map(([text, tail]) => new Uint8Array(Buffer.concat([Buffer.from(text), tail]))),
);
const window = fc.record({ before: fc.nat(9), after: fc.nat(9) });

function surround(data: Uint8Array, before: number, after: number): Uint8Array {
  const whole = new Uint8Array(before + data.length + after).fill(0x80);
  whole.set(data, before);
  return whole;
}

it("decodes and validates as the portable operations do, in any window", () => {
  fc.assert(
    fc.property(anyBytes, window, (data, { before, after }) => {
      const buffer = surround(data, before, after);
      const end = before + data.length;
      expect(bytes.decodeUtf8(buffer, before, end)).toBe(portableBytes.decodeUtf8(buffer, before, end));
      expect(bytes.isUtf8(buffer, before, end)).toBe(portableBytes.isUtf8(buffer, before, end));
    }),
    { numRuns: 2000 },
  );
});

it("encodes as the portable operations do, and touches nothing else", () => {
  fc.assert(
    fc.property(anyText, fc.nat(9), (text, offset) => {
      const length = portableBytes.utf8ByteLength(text);
      const expected = new Uint8Array(offset + length + 4).fill(0xee);
      const actual = expected.slice();
      portableBytes.encodeUtf8(text, expected, offset);
      expect(bytes.utf8ByteLength(text)).toBe(length);
      expect(bytes.encodeUtf8(text, actual, offset)).toBe(length);
      expect(Buffer.compare(actual, expected)).toBe(0);
    }),
    { numRuns: 2000 },
  );
});

it("masks as the portable operations do, in any window and phase", () => {
  fc.assert(
    fc.property(
      fc.nat(3000),
      window,
      fc.integer(),
      fc.nat(3),
      fc.nat(7),
      (length, { before, after }, key, phase, shift) => {
        const memory = new ArrayBuffer(length + 32);
        const expected = new Uint8Array(memory, shift, before + length + after).fill(0x5a);
        const actual = new Uint8Array(memory.slice(0), shift, expected.length);
        portableBytes.mask(expected, before, before + length, key, phase);
        bytes.mask(actual, before, before + length, key, phase);
        // again in the same memory, where the view is remembered
        portableBytes.mask(expected, before, before + (length >> 1), ~key, phase);
        bytes.mask(actual, before, before + (length >> 1), ~key, phase);
        expect(Buffer.compare(new Uint8Array(actual.buffer), new Uint8Array(memory))).toBe(0);
      },
    ),
    { numRuns: 1000 },
  );
});

it("masks in memory larger than a read", () => {
  const actual = Uint8Array.from({ length: 200_000 }, (_, at) => at);
  const expected = actual.slice();
  portableBytes.mask(expected, 199_003, 199_777, 0x01234567, 3);
  bytes.mask(actual, 199_003, 199_777, 0x01234567, 3);
  expect(Buffer.compare(actual, expected)).toBe(0);
});

it("copies as the portable operations do, also inside one array", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(300), (source, a, b) => {
      const start = Math.min(a, b, source.length);
      const end = Math.min(Math.max(a, b), source.length);
      const target = new Uint8Array(310);
      bytes.copy(source, start, end, target, 7);
      expect(target.slice(7, 7 + end - start)).toEqual(source.slice(start, end));
      const moved = source.slice();
      bytes.copy(moved, start, end, moved, 0);
      expect(moved.slice(0, end - start)).toEqual(source.slice(start, end));
    }),
  );
});

it.each([0, 1, 64, 65, 4096, 100_000])("allocates %i bytes as plain memory of their own", (length) => {
  const memory = bytes.allocate(length);

  expect(Object.getPrototypeOf(memory)).toBe(Uint8Array.prototype);
  expect(memory.length).toBe(length);
  expect(memory.buffer.byteLength).toBe(length);
});

it("has documented means that do the same, for a Node without Buffer's own", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const { decode, encode } = publicText();
      const target = new Uint8Array(portableBytes.utf8ByteLength(text) + 2);
      const length = encode(text, target, 1);
      expect(length).toBe(target.length - 2);
      expect(decode(target, 1, 1 + length)).toBe(portableBytes.decodeUtf8(target, 1, 1 + length));
    }),
  );
});
