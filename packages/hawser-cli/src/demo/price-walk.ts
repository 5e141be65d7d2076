/** What is traded: where its price begins, in units of the last digit. */
export interface Instrument {
  readonly symbol: string;
  readonly start: number;
  readonly digits: number;
}

export const instruments: readonly Instrument[] = [
  { symbol: "LLG", start: 19_891, digits: 1 },
  { symbol: "LLS", start: 23_455, digits: 3 },
  { symbol: "XAUUSD", start: 198_910, digits: 2 },
  { symbol: "EURUSD", start: 108_420, digits: 5 },
];

/** How far the price may go from its beginning, in parts of it: further out it is drawn back. */
const RANGE_PARTS = 50;
const STEPS_PER_RANGE = 40;

/** A price that moves at random, and the same way at every start: a seeded walk that stays around where it began. */
export class PriceWalk {
  readonly instrument: Instrument;
  readonly #random: () => number;
  #units: number;

  constructor(instrument: Instrument) {
    this.instrument = instrument;
    this.#units = instrument.start;
    this.#random = createRandom(
      Array.from(instrument.symbol).reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7),
    );
  }

  /** As a decimal string. */
  get price(): string {
    const { digits } = this.instrument;
    return (this.#units / 10 ** digits).toFixed(digits);
  }

  step(): void {
    const { start } = this.instrument;
    const range = start / RANGE_PARTS;
    const pull = (start - this.#units) / range / 10;
    const step = Math.round((this.#random() * 2 - 1 + pull) * (range / STEPS_PER_RANGE));
    this.#units = Math.max(1, this.#units + step);
  }
}

/** Numbers from 0 to 1 that a seed decides: mulberry32. For a demonstration, not for secrets. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
