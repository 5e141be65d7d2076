import type { Clock } from "../../internal/clock.js";

/** A warning is told again after so long at the earliest, with how often there was reason to meanwhile. */
const WARN_EVERY_MS = 10_000;

/** A warning about something that may go on and on. */
export class RareWarning {
  readonly #clock: Clock;
  readonly #tell: (count: number) => void;
  #count = 0;
  #toldAtMs = -Infinity;

  /** `tell` gets how often there was reason since it was called last. */
  constructor(clock: Clock, tell: (count: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  note(): void {
    this.#count++;
    const now = this.#clock.now();
    if (now - this.#toldAtMs < WARN_EVERY_MS) return;
    const count = this.#count;
    this.#count = 0;
    this.#toldAtMs = now;
    this.#tell(count);
  }
}
