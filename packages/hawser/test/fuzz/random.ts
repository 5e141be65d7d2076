import { createSeededRandom, type SeededRandom } from "../../src/testing/index.js";

/** Choices that a seed repeats. */
export class Random {
  readonly #source: SeededRandom;

  constructor(seed: number, index: number) {
    // neighbours must not resemble each other
    const mixed = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(index + 1, 0xc2b2_ae35);
    this.#source = createSeededRandom(mixed);
  }

  below(limit: number): number {
    return this.#source.below(limit);
  }

  /** True once in `count` times. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** Mostly short, now and then at a length where forms change. */
  length(): number {
    const kind = this.below(100);
    if (kind < 80) return this.below(20);
    if (kind < 95) return this.below(140);
    if (kind < 99) return this.pick([0, 124, 125, 126, 127, 128, 255, 256]);
    return this.oneIn(8) ? this.pick([65_535, 65_536, 65_537]) : this.below(700);
  }

  /** Places to cut an input of so many bytes. */
  cuts(length: number): number[] {
    const count = this.below(6);
    return Array.from({ length: count }, () => this.below(length + 1)).sort((a, b) => a - b);
  }
}

const INTERESTING = [0x00, 0x01, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x88, 0x89, 0xc1, 0xc2, 0xfe, 0xff, 0x0a, 0x0d, 0x20];

/** The input with one to four accidents. */
export function mutate(random: Random, input: Uint8Array): Uint8Array {
  let bytes: Uint8Array = input;
  for (let left = 1 + random.below(4); left > 0; left--) bytes = mutateOnce(random, bytes);
  return bytes;
}

function mutateOnce(random: Random, input: Uint8Array): Uint8Array {
  const at = random.below(input.length + 1);
  const end = Math.min(input.length, at + 1 + random.below(8));
  switch (random.below(7)) {
    case 0:
      return replace(input, at, random.below(256));
    case 1:
      return replace(input, at, random.pick(INTERESTING));
    case 2:
      return replace(input, at, (input[at] ?? 0) ^ (1 << random.below(8)));
    case 3:
      return Buffer.concat([input.subarray(0, at), input.subarray(end)]);
    case 4:
      return Buffer.concat([input.subarray(0, at), random.bytes(1 + random.below(4)), input.subarray(at)]);
    case 5:
      return Buffer.concat([input.subarray(0, end), input.subarray(at, end), input.subarray(end)]);
    default:
      return input.subarray(0, at);
  }
}

function replace(input: Uint8Array, at: number, byte: number): Uint8Array {
  const copy = new Uint8Array(input);
  if (at < copy.length) copy[at] = byte;
  return copy;
}
