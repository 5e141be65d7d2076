import { createGroup, frame, type VectorPlan } from "../build.js";
import { expandBytes, hexOf } from "../notation.js";
import type { Vector, VectorEvent, VectorFrame } from "../vector.js";

// Unicode 16, table 3-7: which bytes may follow each other.

const VALID = [
  ["the last of one byte", "7f"],
  ["NUL", "00"],
  ["the first of two bytes", "c280"],
  ["the last of two bytes", "dfbf"],
  ["the first of three bytes", "e0a080"],
  ["the last before the surrogates", "ed9fbf"],
  ["the first behind the surrogates", "ee8080"],
  ["the last of three bytes", "efbfbf"],
  ["the first of four bytes", "f0908080"],
  ["the last of all, U+10FFFF", "f48fbfbf"],
  ["a byte order mark, which is kept", "efbbbf61"],
  ["a byte order mark inside", "61efbbbf62"],
  ["only a byte order mark", "efbbbf"],
  ["the replacement character", "efbfbd"],
  ["the noncharacter U+FFFE", "efbfbe"],
  ["the noncharacter U+FFFF", "efbfbf"],
  ["the noncharacter U+FDD0", "efb790"],
  ["the noncharacter U+1FFFE", "f09fbfbe"],
  ["the noncharacter U+1FFFF", "f09fbfbf"],
  ["the noncharacter U+10FFFE", "f48fbfbe"],
  ["Greek", hexOf("κόσμε")],
  ["Japanese and Thai", hexOf("日本語のテキスト ภาษาไทย")],
  ["emoji of several code points", hexOf("👩‍👩‍👧‍👦🏳️‍🌈")],
  ["combining marks", hexOf("Z̷̖͐a̴̛l")],
  ["every length of code point in turn", hexOf("aé€😀aé€😀")],
  ["one long line of two bytes", "(c3a9)*5000"],
  ["one long line of three bytes", "(e282ac)*5000"],
  ["one long line of four bytes", "(f09f9880)*5000"],
] as const;

/** Name, bytes, and the number of bytes after which no text can begin so. */
const INVALID = [
  ["a continuation byte alone", "80", 1],
  ["a continuation byte bf", "bf", 1],
  ["a continuation byte behind text", "616280", 3],
  ["two continuation bytes", "8081", 1],
  ["the byte fe", "fe", 1],
  ["the byte ff", "ff", 1],
  ["ff in the middle of text", "6161ff6161", 3],
  ["c0, overlong", "c080", 1],
  ["c1, overlong", "c1bf", 1],
  ["a slash in two bytes", "c0af", 1],
  ["a slash in three bytes", "e080af", 2],
  ["a slash in four bytes", "f08080af", 2],
  ["the last overlong of three bytes", "e09fbf", 2],
  ["the last overlong of four bytes", "f08fbfbf", 2],
  ["an overlong of five bytes", "f8808080af", 1],
  ["an overlong of six bytes", "fc80808080af", 1],
  ["the first high surrogate", "eda080", 2],
  ["the last high surrogate", "edafbf", 2],
  ["the first low surrogate", "edb080", 2],
  ["the last low surrogate", "edbfbf", 2],
  ["a pair of surrogates", "eda081edb080", 2],
  ["a surrogate behind text", "6162eda080", 4],
  ["U+110000", "f4908080", 2],
  ["U+13FFFF", "f4bfbfbf", 2],
  ["f5", "f5808080", 1],
  ["f7", "f7bfbfbf", 1],
  ["f8", "f888808080", 1],
  ["fc", "fc8480808080", 1],
  ["two bytes, the second a letter", "c361", 2],
  ["two bytes, the second a lead", "c3c3", 2],
  ["three bytes, the second a letter", "e261ac", 2],
  ["three bytes, the third a letter", "e28261", 3],
  ["three bytes, the third a lead", "e282c3", 3],
  ["four bytes, the second a letter", "f0619880", 2],
  ["four bytes, the third a letter", "f09f6180", 3],
  ["four bytes, the fourth a letter", "f09f9861", 4],
  ["Greek, then a surrogate, then text", "cebae1bdb9cf83cebcceb5eda080656469746564", 13],
  ["a fault behind 100 letters", "(61)*100 ff (61)*100", 101],
  ["a fault behind 5000 letters", "(61)*5000 c0 (61)*5000", 5001],
] as const;

/** Texts that end inside a code point. */
const TRUNCATED = [
  ["of two", "c3"],
  ["of three, with one", "e2"],
  ["of three, with two", "e282"],
  ["of four, with one", "f0"],
  ["of four, with two", "f09f"],
  ["of four, with three", "f09f98"],
  ["of three behind text", "48656c6c6fe282"],
] as const;

const fault = { fault: "UTF8_INVALID" } as const;

function textEvent(payload: string): VectorEvent {
  return { type: "text", payload };
}

/** The bytes as a text in two fragments, the first of `size` bytes. */
function splitAt(payload: string, size: number): VectorFrame[] {
  const bytes = expandBytes(payload);
  return [frame(0x01, hexOf(bytes.subarray(0, size))), frame(0x80, hexOf(bytes.subarray(size)))];
}

function splits(payload: string): VectorPlan[] {
  const { length } = expandBytes(payload);
  return Array.from({ length: length - 1 }, (_, at) => ({
    name: `valid text cut behind ${at + 1} of its ${length} bytes`,
    frames: splitAt(payload, at + 1),
    events: [textEvent(payload)],
  }));
}

function invalidPlans([name, payload, badAfter]: (typeof INVALID)[number]): VectorPlan[] {
  const { length } = expandBytes(payload);
  const plans: VectorPlan[] = [
    { name: `invalid: ${name}`, frames: [frame(0x81, payload)], ...fault, at: { payload: badAfter } },
    {
      name: `invalid in a first fragment: ${name}`,
      frames: [frame(0x01, payload)],
      ignored: [frame(0x80, hexOf("more"))],
      ...fault,
      at: { payload: badAfter },
    },
  ];
  if (badAfter > 1 && length < 40) {
    // the frames meet in front of the bad byte
    plans.push({
      name: `invalid across two fragments: ${name}`,
      frames: splitAt(payload, badAfter - 1),
      ...fault,
      at: { payload: 1 },
    });
  }
  return plans;
}

function truncatedPlans([name, payload]: (typeof TRUNCATED)[number]): VectorPlan[] {
  return [
    { name: `ends inside a code point ${name}`, frames: [frame(0x81, payload)], ...fault },
    {
      name: `ends inside a code point ${name}, by an empty last fragment`,
      frames: [frame(0x01, payload), frame(0x80)],
      ...fault,
    },
    {
      name: `ends inside a code point ${name}, and the next message would go on`,
      frames: [frame(0x81, payload)],
      ignored: [frame(0x81, "8080")],
      ...fault,
    },
  ];
}

export function createTextVectors(): Vector[] {
  return createGroup("utf8", [
    ...VALID.map(([name, payload]): VectorPlan => {
      return { name: `valid: ${name}`, frames: [frame(0x81, payload)], events: [textEvent(payload)] };
    }),
    ...splits(hexOf("aé€😀z")),
    ...splits("efbbbf61"),
    ...INVALID.flatMap(invalidPlans),
    ...TRUNCATED.flatMap(truncatedPlans),
    {
      name: "every byte of a text in a frame of its own, with empty frames between",
      frames: [...expandBytes(hexOf("aé€😀z"))].flatMap((byte, at, all) => [
        frame(at === 0 ? 0x01 : 0x00, hexOf(Uint8Array.of(byte))),
        frame(at === all.length - 1 ? 0x80 : 0x00),
      ]),
      events: [textEvent(hexOf("aé€😀z"))],
    },
    {
      name: "invalid bytes in a binary message are nobody's business",
      frames: [frame(0x82, "c080eda080ff")],
      events: [{ type: "binary", payload: "c080eda080ff" }],
    },
    {
      name: "a control frame inside a code point",
      frames: [frame(0x01, "f09f"), frame(0x89, "9880"), frame(0x80, "9880")],
      events: [{ type: "ping", payload: "9880" }, textEvent("f09f9880")],
    },
    {
      name: "a text that ends in the middle is not joined to the next",
      frames: [frame(0x01, "61"), frame(0x80, "62"), frame(0x01, "c3"), frame(0x80, "a9"), frame(0x81, "80")],
      events: [textEvent("6162"), textEvent("c3a9")],
      ...fault,
      at: { payload: 1 },
    },
  ]);
}
