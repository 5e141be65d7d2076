import { performance } from "node:perf_hooks";
import type { Clock, ScheduledCall } from "../internal/clock.js";

/** What Node's timers can hold; a longer delay would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The time of the process: monotonic, with timers that keep no process alive. */
export const realClock: Clock = {
  now: () => performance.now(),
  schedule: (callback, delayMs) => new RealCall(callback, delayMs),
};

class RealCall implements ScheduledCall {
  readonly #callback: () => void;
  readonly #dueMs: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(callback: () => void, delayMs: number) {
    this.#callback = callback;
    this.#dueMs = performance.now() + delayMs;
    this.#arm(delayMs);
  }

  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.ceil(delayMs), MAX_DELAY_MS)).unref();
  }

  /** Node counts whole milliseconds from the start of the turn, so a timer may come a part of one too early. */
  #fire(): void {
    const leftMs = this.#dueMs - performance.now();
    if (leftMs > 0) {
      this.#arm(leftMs);
      return;
    }
    this.#timer = null;
    this.#callback();
  }
}
