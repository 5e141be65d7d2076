import { createSeededRandom } from "./seeded-random.js";

/**
 * How arriving data is cut into pieces: always at most this many bytes, these sizes in turn, or what the function says
 * for the number of bytes that have come. A size is at least 1.
 */
export type Split = number | readonly number[] | ((availableBytes: number) => number);

/** Cuts at random from 1 to `maxBytes`; the same seed cuts the same way. */
export function randomSplit(seed: number, maxBytes = 4096): Split {
  const random = createSeededRandom(seed);
  return () => 1 + random.below(maxBytes);
}

/** The sizes of the pieces, one after the other. */
export function createSplitter(split: Split): (availableBytes: number) => number {
  let index = 0;
  return (availableBytes) => {
    const size =
      typeof split === "function"
        ? split(availableBytes)
        : typeof split === "number"
          ? split
          : split[index++ % split.length];
    return Math.max(1, Math.min(size ?? availableBytes, availableBytes));
  };
}
