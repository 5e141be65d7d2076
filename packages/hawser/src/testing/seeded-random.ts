/** Random numbers that a seed repeats (mulberry32). For tests and simulations only: anybody can foresee them. */
export interface SeededRandom {
  /** A whole number from 0 up to `limit - 1`. */
  below(limit: number): number;
  /** Fills `target` with bytes. */
  fill(target: Uint8Array): void;
}

export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    below: (limit) => next() % limit,
    fill: (target) => {
      for (let at = 0; at < target.length; at++) target[at] = next() >>> 24;
    },
  };
}
