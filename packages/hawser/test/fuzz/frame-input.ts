import type { ModelOptions } from "./model.js";
import { mutate, type Random } from "./random.js";

/** Bytes for a parser, and the parser that they are for. */
export interface FrameInput {
  readonly options: ModelOptions;
  readonly bytes: Uint8Array;
}

const TEXTS = ["", "a", "Hello", "é", "€", "😀", "aé€😀z", "\ufeff", "\u0000", "日本語"].map((text) =>
  Buffer.from(text),
);
const BAD_TEXTS = ["80", "c0af", "eda080", "f4908080", "e282", "f09f98", "c3", "ff", "61ff", "e0a0"].map((digits) =>
  Buffer.from(digits, "hex"),
);
const LENGTHS = [
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const CODES = [1000, 1001, 1004, 1005, 1006, 1007, 1014, 1015, 999, 2999, 3000, 4999, 5000, 65_535];

function createOptions(random: Random): ModelOptions {
  return {
    role: random.oneIn(2) ? "client" : "server",
    mode: random.oneIn(4) ? "stream" : "message",
    deflate: random.oneIn(3),
    maxMessageBytes: random.pick([1, 10, 125, 126, 1000, 65_536, 2 ** 31 - 1]),
    maxFramesPerMessage: random.pick([1, 2, 3, 5, 131_072]),
    maxEmptyFrames: random.pick([1, 2, 1024]),
    allowNonMinimalLengths: random.oneIn(4),
  };
}

/** Frames that mostly keep the rules, so that what comes behind a broken one is reached too. */
export function createFrameInput(random: Random, corpus: readonly Uint8Array[]): FrameInput {
  const options = createOptions(random);
  const kind = random.below(20);
  if (kind === 0) return { options, bytes: random.bytes(random.below(40)) };
  const bytes = kind < 4 ? random.pick(corpus) : createFrames(random, options);
  return { options, bytes: kind < 4 || random.oneIn(3) ? mutate(random, bytes) : bytes };
}

function createFrames(random: Random, options: ModelOptions): Uint8Array {
  const frames: Uint8Array[] = [];
  let inside = false;
  for (let left = 1 + random.below(6); left > 0; left--) {
    const first = chooseFirst(random, options, inside);
    if ((first & 8) === 0) inside = first < 0x80;
    frames.push(encodeFrame(random, options, first));
  }
  return Buffer.concat(frames);
}

function chooseFirst(random: Random, options: ModelOptions, inside: boolean): number {
  if (random.oneIn(40)) return random.below(256);
  if (random.oneIn(4)) return random.pick([0x88, 0x89, 0x89, 0x8a, 0x8a]);
  const fin = random.oneIn(2) ? 0x80 : 0;
  if (inside) return fin;
  const rsv1 = options.deflate && random.oneIn(3) ? 0x40 : 0;
  return fin | rsv1 | random.pick([1, 1, 2]);
}

function encodeFrame(random: Random, options: ModelOptions, first: number): Uint8Array {
  const payload = createPayload(random, first & 15);
  const masked = options.role === "server" ? !random.oneIn(100) : random.oneIn(100);
  const lie = random.oneIn(60);
  const length = lie ? random.pick(LENGTHS) : BigInt(payload.length);
  const form = random.oneIn(30) ? random.pick([126, 127]) : undefined;
  const short = form ?? (length < 126n ? Number(length) : length < 65_536n ? 126 : 127);
  const extended = Buffer.alloc(8);
  extended.writeBigUInt64BE(length);
  const lengthBytes = short === 126 ? extended.subarray(6) : short === 127 ? extended : [];
  const key = masked ? random.bytes(4) : new Uint8Array(0);
  const bytes = new Uint8Array(2 + lengthBytes.length + key.length + payload.length);
  bytes.set([first, short | (masked ? 0x80 : 0), ...lengthBytes, ...key]);
  const start = bytes.length - payload.length;
  for (let at = 0; at < payload.length; at++) bytes[start + at] = (payload[at] ?? 0) ^ (key[at & 3] ?? 0);
  return bytes;
}

function createPayload(random: Random, opcode: number): Uint8Array {
  if (opcode === 8) return createClosePayload(random);
  if (opcode >= 9) return random.bytes(random.oneIn(10) ? random.pick([125, 126]) : random.below(10));
  switch (random.below(6)) {
    case 0:
      return new Uint8Array(random.length()).fill(0x61);
    case 1:
      return new Uint8Array(0);
    case 2:
      return createText(random);
    case 3:
      // a code point that frames cut
      return random.pick(TEXTS).subarray(0, random.below(5));
    case 4:
      return random.pick(TEXTS).subarray(random.below(4));
    default:
      return random.oneIn(3) ? random.pick(BAD_TEXTS) : random.pick(TEXTS);
  }
}

export function createClosePayload(random: Random): Uint8Array {
  if (random.oneIn(5)) return random.bytes(random.below(4));
  const code = random.oneIn(3) ? random.below(65_536) : random.pick(CODES);
  return Buffer.concat([Uint8Array.of(code >>> 8, code & 0xff), createText(random).subarray(0, 123)]);
}

/** Text that is mostly UTF-8. */
export function createText(random: Random): Uint8Array {
  const parts: Uint8Array[] = Array.from({ length: random.below(6) }, () =>
    random.pick(random.oneIn(25) ? BAD_TEXTS : TEXTS),
  );
  if (random.oneIn(20)) parts.push(new Uint8Array(random.length()).fill(0x7a));
  return Buffer.concat(parts);
}
