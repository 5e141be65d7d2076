import { Buffer, isUtf8 } from "node:buffer";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { portableBytes } from "./portable-bytes.js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The same by Node's validation, without the cost of an exception. */
function decodeNatively(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? Buffer.from(bytes).toString() : undefined;
}

/** Whether the bytes are judged and decoded as the reference says. */
function agrees(bytes: Uint8Array, expected: string | undefined): boolean {
  const text = portableBytes.decodeUtf8(bytes, 0, bytes.length);
  return text === expected && portableBytes.isUtf8(bytes, 0, bytes.length) === (expected !== undefined);
}

const everyByte = Array.from({ length: 256 }, (_, byte) => byte);
// each side of every border in Unicode's table 3-7
const borders = [
  0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
  0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
];

it("REL-A21 REL-A22 judges and decodes all sequences of one and two bytes as TextDecoder", () => {
  const sequences = [...everyByte.map((a) => [a]), ...everyByte.flatMap((a) => everyByte.map((b) => [a, b]))];
  const wrong = sequences.filter((sequence) => {
    const bytes = new Uint8Array(sequence);
    return !agrees(bytes, decodeStrictly(bytes));
  });

  expect(wrong).toEqual([]);
});

it("REL-A21 REL-A22 judges and decodes all sequences of three bytes that begin with a lead of three as Node", () => {
  const bytes = new Uint8Array(3);
  const wrong: string[] = [];
  for (let sequence = 0xe0_0000; sequence <= 0xef_ffff; sequence++) {
    bytes[0] = sequence >> 16;
    bytes[1] = sequence >> 8;
    bytes[2] = sequence;
    if (!agrees(bytes, decodeNatively(bytes))) wrong.push(bytes.join(" "));
  }

  expect(wrong).toEqual([]);
});

it("REL-A21 REL-A22 judges and decodes sequences of four bytes at every border as Node", () => {
  const pairs = borders.flatMap((a) => borders.map((b) => [a, b]));
  const sequences = pairs.flatMap((start) => pairs.map((end) => new Uint8Array([...start, ...end])));

  expect(sequences.filter((sequence) => !agrees(sequence, decodeNatively(sequence)))).toEqual([]);
});

it("decodes runs of ASCII longer than an argument list, and keeps a byte order mark", () => {
  const text = `\ufeff${"a".repeat(10_000)}ä ${"𐍈".repeat(5000)} b`;
  const bytes = new Uint8Array(Buffer.from(`xx${text}xx`));

  expect(portableBytes.decodeUtf8(bytes, 2, bytes.length - 2)).toBe(text);
  expect(portableBytes.decodeUtf8(bytes, 2, 2)).toBe("");
});

it("looks at no byte outside the range", () => {
  const bytes = new Uint8Array([0xff, 0xc3, 0xa4, 0xff]);

  expect(portableBytes.isUtf8(bytes, 1, 3)).toBe(true);
  expect(portableBytes.isUtf8(bytes, 1, 2)).toBe(false);
});

it("encodes and measures any string as Node does, lone surrogates as U+FFFD", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
      (text) => {
        const target = new Uint8Array(2 + 3 * text.length);
        const written = portableBytes.encodeUtf8(text, target, 2);
        expect(Buffer.from(target.subarray(2, 2 + written))).toEqual(Buffer.from(text));
        expect(portableBytes.utf8ByteLength(text)).toBe(Buffer.byteLength(text));
      },
    ),
  );
});

it("encodes a surrogate pair as four bytes and each kind of lone surrogate as three", () => {
  const target = new Uint8Array(16);

  const written = portableBytes.encodeUtf8("😀\ud800a\udc00\ud800", target, 0);

  expect(Buffer.from(target.subarray(0, written)).toString("hex")).toBe("f09f9880efbfbd61efbfbdefbfbd");
  expect(portableBytes.utf8ByteLength("😀\ud800a\udc00\ud800")).toBe(14);
});

it.each([0, 1, 2, 3, 4, 5, 63, 64, 127, 128, 129, 130, 131, 1000, 65_537])(
  "masks %i bytes at any alignment and phase, and nothing beside them",
  (size) => {
    fc.assert(
      fc.property(fc.nat(7), fc.nat(7), fc.nat(3), fc.integer(), (window, start, phase, key) => {
        const memory = new Uint8Array(window + start + size + 3).map((_, at) => at * 7);
        const expected = memory.map((byte, at) => {
          const index = at - window - start;
          const octet = key >>> (24 - 8 * ((index + phase) & 3));
          return index >= 0 && index < size ? byte ^ octet : byte;
        });

        portableBytes.mask(memory.subarray(window), start, start + size, key, phase);

        expect(Buffer.compare(memory, expected)).toBe(0);
      }),
      { numRuns: 50 },
    );
  },
);

it("takes a masking key as an int32 or a uint32 alike", () => {
  const signed = new Uint8Array(200);
  const unsigned = new Uint8Array(200);

  portableBytes.mask(signed, 0, 200, 0x89abcdef | 0, 1);
  portableBytes.mask(unsigned, 0, 200, 0x89abcdef, 1);

  expect(signed).toEqual(unsigned);
  expect(Array.from(signed.subarray(0, 4))).toEqual([0xab, 0xcd, 0xef, 0x89]);
});

it.each([0, 1, 63, 64, 1000])("copies %i bytes to their place alone", (size) => {
  const source = new Uint8Array(size + 5).fill(1);
  const target = portableBytes.allocate(size + 7).fill(9);

  portableBytes.copy(source, 2, 2 + size, target, 3);

  expect(Array.from(target)).toEqual([9, 9, 9, ...Array.from({ length: size }, () => 1), 9, 9, 9, 9]);
});

it("copies within one array as if the bytes were taken out first", () => {
  const bytes = new Uint8Array([1, 2, 3, 4, 5]);

  portableBytes.copy(bytes, 0, 4, bytes, 1);

  expect(Array.from(bytes)).toEqual([1, 1, 2, 3, 4]);
});
