const MINUTE_MS = 60_000;

/** How many malformed messages came in the last minute. */
export class FaultCount {
  readonly #max: number;
  /** When they came, as many as still count. */
  #times: number[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Counts one; answers whether it is one too many. */
  note(nowMs: number): boolean {
    if (this.#max === Infinity) return false;
    this.#times = this.#times.filter((time) => time > nowMs - MINUTE_MS);
    if (this.#times.length >= this.#max) return true;
    this.#times.push(nowMs);
    return false;
  }
}
