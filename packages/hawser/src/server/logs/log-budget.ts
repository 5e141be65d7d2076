import { WheelTimer } from "../../internal/timer-wheel.js";
import type { Runtime } from "../../socket/index.js";

/** What a person can still read, and a disk take for ever: 20 lines of 300 bytes are 520 MB a day. */
export const MAX_LINES_PER_SECOND = 20;

const WINDOW_MS = 1000;

/**
 * Bounds how much strangers can make us log: so many lines in a second, counted from its first one; for those beyond, one
 * call of `onSuppressed` at its end, with their number.
 */
export class LogBudget {
  readonly #runtime: Pick<Runtime, "clock" | "wheel">;
  readonly #onSuppressed: (count: number) => void;
  readonly #timer: WheelTimer;
  #windowEnd = -Infinity;
  #lines = 0;
  #suppressed = 0;

  constructor(runtime: Pick<Runtime, "clock" | "wheel">, onSuppressed: (count: number) => void) {
    this.#runtime = runtime;
    this.#onSuppressed = onSuppressed;
    this.#timer = new WheelTimer(() => this.flush());
  }

  /** Whether one more line may be logged now. */
  take(): boolean {
    const now = this.#runtime.clock.now();
    if (now >= this.#windowEnd) {
      this.flush();
      this.#windowEnd = now + WINDOW_MS;
      this.#lines = 0;
    }
    if (this.#lines < MAX_LINES_PER_SECOND) {
      this.#lines += 1;
      return true;
    }
    if (this.#suppressed === 0) this.#runtime.wheel.arm(this.#timer, this.#windowEnd - now);
    this.#suppressed += 1;
    return false;
  }

  /** Tells now what was suppressed. */
  flush(): void {
    this.#runtime.wheel.cancel(this.#timer);
    const count = this.#suppressed;
    this.#suppressed = 0;
    if (count > 0) this.#onSuppressed(count);
  }
}
