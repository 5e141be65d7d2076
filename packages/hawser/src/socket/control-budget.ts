/** For at most so many seconds of a pause of ours control frames are made up for. */
const MAX_CREDIT_S = 60;

/**
 * How many control frames the peer may send: as many as the limit at once, and so many again in every second. While we read
 * nothing by our own will they gather on their way, so a pause gives credit for what the peer could send in it.
 */
export class ControlBudget {
  readonly #limit: number;
  #left: number;
  #countedAtMs: number;
  #pausedAtMs: number;

  constructor(limitPerSecond: number, nowMs: number) {
    this.#limit = limitPerSecond;
    this.#left = limitPerSecond;
    this.#countedAtMs = this.#pausedAtMs = nowMs;
  }

  /** Counts one frame; false when it is one too many. */
  take(nowMs: number): boolean {
    if (this.#limit === Infinity) return true;
    if (this.#left < this.#limit) {
      this.#left = Math.min(this.#limit, this.#left + this.#allowed(nowMs - this.#countedAtMs));
    }
    this.#countedAtMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** Reading stands still from now on. */
  paused(nowMs: number): void {
    this.#pausedAtMs = nowMs;
  }

  /** What came since `paused`, or the last credit, is about to be looked at. */
  credit(nowMs: number): void {
    if (nowMs === this.#pausedAtMs) return;
    this.#left = Math.min(this.#left + this.#allowed(nowMs - this.#pausedAtMs), MAX_CREDIT_S * this.#limit);
    this.#pausedAtMs = nowMs;
  }

  #allowed(ms: number): number {
    return (ms / 1000) * this.#limit;
  }
}
