import { isUtf8 } from "node:buffer";
import { describe, expect, it } from "vitest";
import { portableBytes } from "../internal/portable-bytes.js";
import { Utf8Decoder, Utf8Validator } from "./utf8.js";

const everyByte = Array.from({ length: 256 }, (_, byte) => byte);
const borders = [
  0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
  0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
];
const textDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const validator = new Utf8Validator(portableBytes);

function isValidByteByByte(bytes: Uint8Array): boolean {
  validator.reset();
  for (let at = 0; at < bytes.length; at++) {
    if (!validator.push(bytes, at, at + 1)) return false;
  }
  return validator.finish();
}

function isDecodable(sequence: readonly number[]): boolean {
  try {
    textDecoder.decode(new Uint8Array(sequence));
    return true;
  } catch {
    return false;
  }
}

/** The sequences of these tails after the lead that the validator judges otherwise than Node. */
function findMisjudged(lead: number, tails: readonly number[]): string[] {
  const bytes = new Uint8Array([lead, 0, 0]);
  const wrong: string[] = [];
  for (const tail of tails) {
    bytes[1] = tail >> 8;
    bytes[2] = tail;
    if (isValidByteByByte(bytes) !== isUtf8(bytes)) wrong.push(bytes.join(" "));
  }
  return wrong;
}

/** How many bytes the validator took before it refused one. */
function countAccepted(bytes: Uint8Array): number {
  validator.reset();
  const bad = bytes.findIndex((_, at) => !validator.push(bytes, at, at + 1));
  return bad === -1 ? bytes.length : bad;
}

function encode(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

const mixed = `\ufeffHello ä€😀 ${"long enough for the bulk check ".repeat(3)}Ω\u0000𐍈 end€`;

describe("Utf8Validator", () => {
  it("REL-A21 REL-A22 judges all sequences of one and two bytes as TextDecoder", () => {
    const sequences = [...everyByte.map((a) => [a]), ...everyByte.flatMap((a) => everyByte.map((b) => [a, b]))];
    const wrong = sequences.filter((sequence) => isValidByteByByte(new Uint8Array(sequence)) !== isDecodable(sequence));

    expect(wrong).toEqual([]);
  });

  it.each([
    ["two", 0xc2, 0xdf],
    ["three", 0xe0, 0xef],
    ["four", 0xf0, 0xf4],
  ])("REL-A21 REL-A22 judges all sequences of three bytes that begin with a lead of %s as Node", (_, from, to) => {
    const tails = Array.from({ length: 65_536 }, (__, tail) => tail);

    expect(everyByte.slice(from, to + 1).flatMap((lead) => findMisjudged(lead, tails))).toEqual([]);
  });

  // such a byte leaves nothing open or is refused at once, so that all tails after it were judged above
  it("REL-A21 REL-A22 judges sequences of three bytes at every border that begin with another byte as Node", () => {
    const leads = everyByte.filter((lead) => lead < 0xc2 || lead > 0xf4);
    const tails = borders.flatMap((second) => borders.map((third) => (second << 8) | third));

    expect(leads.flatMap((lead) => findMisjudged(lead, tails))).toEqual([]);
  });

  it("REL-A21 REL-A22 judges sequences of four bytes at every border as Node", () => {
    const pairs = borders.flatMap((a) => borders.map((b) => [a, b]));
    const sequences = pairs.flatMap((start) => pairs.map((end) => new Uint8Array([...start, ...end])));

    expect(sequences.filter((sequence) => isValidByteByByte(sequence) !== isUtf8(sequence))).toEqual([]);
  });

  it.each([
    ["an unexpected continuation", [0x61, 0x80], 1],
    ["an overlong slash", [0xc0, 0xaf], 0],
    ["an overlong form of three bytes", [0xe0, 0x9f, 0xbf], 1],
    ["a surrogate", [0xed, 0xa0, 0x80], 1],
    ["an overlong form of four bytes", [0xf0, 0x8f, 0xbf, 0xbf], 1],
    ["above U+10FFFF", [0xf4, 0x90, 0x80, 0x80], 1],
    ["a lead that never stands", [0xf5, 0x80], 0],
    ["a sequence cut by another character", [0xe2, 0x82, 0x41], 2],
  ])("REL-A22 refuses %s at the first byte that makes it so", (_, bytes, accepted) => {
    expect(countAccepted(new Uint8Array(bytes))).toBe(accepted);
  });

  it("REL-A21 takes a long valid text cut in two at each byte", () => {
    const bytes = encode(mixed);
    const refused = Array.from(bytes.keys()).filter((cut) => {
      validator.reset();
      return !(validator.push(bytes, 0, cut) && validator.push(bytes, cut, bytes.length) && validator.finish());
    });

    expect(refused).toEqual([]);
  });

  it("REL-A21 refuses a bad byte anywhere in a long text, in bulk, before and after a cut", () => {
    const bytes = encode(mixed);
    const taken = Array.from(bytes.keys()).filter((bad) => {
      const broken = bytes.slice();
      broken[bad] = 0xff;
      validator.reset();
      return validator.push(broken, 0, 20) && validator.push(broken, 20, broken.length);
    });

    expect(taken).toEqual([]);
  });

  it("finds the bad byte in the tail that a piece cuts", () => {
    const bytes = new Uint8Array(64).fill(0x61);
    bytes.set([0xe0, 0x80], 62);
    validator.reset();

    expect(validator.push(bytes, 0, 64)).toBe(false);
  });

  it("may not finish inside a code point, and begins anew after reset", () => {
    validator.reset();
    validator.push(encode("€"), 0, 2);

    const inside = validator.finish();
    validator.reset();

    expect([inside, validator.finish(), validator.push(encode("a"), 0, 1)]).toEqual([false, true, true]);
  });
});

describe("Utf8Decoder", () => {
  it("REL-A21 decodes a text cut in two at each byte, never inside a code point", () => {
    const bytes = encode(mixed);
    const results = Array.from(bytes.keys(), (cut) => {
      const decoder = new Utf8Decoder(portableBytes);
      const first = decoder.decode(bytes, 0, cut);
      const second = decoder.decode(bytes, cut, bytes.length);
      return { text: `${first}${second}`, broken: /[\ud800-\udbff]$/u.test(first ?? ""), finished: decoder.finish() };
    });

    expect(results).toEqual(results.map(() => ({ text: mixed, broken: false, finished: true })));
  });

  it("gives code points as soon as they are whole, byte by byte", () => {
    const decoder = new Utf8Decoder(portableBytes);
    const bytes = encode("aä€😀");

    const parts = Array.from(bytes.keys(), (at) => decoder.decode(bytes, at, at + 1));

    expect(parts).toEqual(["a", "", "ä", "", "", "€", "", "", "", "😀"]);
  });

  it("keeps a byte order mark (REL-A22)", () => {
    expect(new Utf8Decoder(portableBytes).decode(encode("\ufeffa"), 0, 4)).toBe("\ufeffa");
  });

  it("gives nothing for an empty piece", () => {
    expect(new Utf8Decoder(portableBytes).decode(new Uint8Array(0), 0, 0)).toBe("");
  });

  it.each([
    ["in a whole piece", [[0x61, 0xff, 0x61]]],
    ["in the tail of a piece", [[0x61, 0xe0, 0x80]]],
    ["as a lead at the end", [[0x61, 0xc0]]],
    ["in a sequence left open", [[0xe2], [0x82], [0x41]]],
    ["after the end of a sequence left open", [[0xc3], [0xa4, 0x80]]],
  ])("REL-A21 REL-A22 refuses a bad byte %s", (_, pieces) => {
    const decoder = new Utf8Decoder(portableBytes);

    const results = pieces.map((piece) => decoder.decode(new Uint8Array(piece), 0, piece.length));

    expect(results.at(-1)).toBeUndefined();
  });

  it("may not finish inside a code point", () => {
    const decoder = new Utf8Decoder(portableBytes);

    const before = decoder.finish();
    decoder.decode(encode("€"), 0, 2);

    expect([before, decoder.finish()]).toEqual([true, false]);
  });
});
