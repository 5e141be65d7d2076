import type { Clock, ScheduledCall } from "../internal/clock.js";
import { UsageError } from "../internal/errors.js";

// Taken at load, so that a test which replaces the global timers does not stop this clock.
const nextTurn = setImmediate;

interface PlannedCall {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * Time that stands still until a test moves it. Calls run in the order of their times, and in the order of `schedule`
 * where times are equal: the same test sees the same order on every machine.
 */
export class VirtualClock implements Clock {
  #now: number;
  /** Sorted by time, then by age. */
  readonly #calls: PlannedCall[] = [];
  #advancing = false;

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  schedule(callback: () => void, delayMs: number): ScheduledCall {
    const call: PlannedCall = { at: this.#now + (delayMs > 0 ? delayMs : 0), callback };
    this.#calls.splice(this.#placeAfter(call.at), 0, call);
    return { cancel: () => this.#cancel(call) };
  }

  /** How many calls are scheduled and have not run. */
  get pending(): number {
    return this.#calls.length;
  }

  /** When the next call is due; undefined when none is scheduled. */
  get nextAt(): number | undefined {
    return this.#calls[0]?.at;
  }

  /**
   * Moves time forward by `ms` and runs every call that falls due, those scheduled meanwhile too. Before the first call,
   * between two and after the last, all microtasks run out. `advance(0)` only does what is due now. Await it: time does not
   * move twice at once. What a callback throws rejects it, and time stays where it was thrown.
   * @throws (rejects) UsageError INVALID_STATE while another `advance` runs; INVALID_ARGUMENT for negative time
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new UsageError("INVALID_ARGUMENT", `ms is ${ms}: expected 0 or more`, { facts: { ms } });
    }
    if (this.#advancing) throw new UsageError("INVALID_STATE", "advance is running already: await it first");
    this.#advancing = true;
    try {
      await this.#runUntil(this.#now + ms);
    } finally {
      this.#advancing = false;
    }
  }

  async #runUntil(target: number): Promise<void> {
    await drainMicrotasks();
    for (let call = this.#takeDue(target); call !== undefined; call = this.#takeDue(target)) {
      this.#now = Math.max(this.#now, call.at);
      call.callback();
      await drainMicrotasks();
    }
    this.#now = target;
  }

  #takeDue(target: number): PlannedCall | undefined {
    const first = this.#calls[0];
    return first !== undefined && first.at <= target ? this.#calls.shift() : undefined;
  }

  #cancel(call: PlannedCall): void {
    const index = this.#calls.indexOf(call);
    if (index >= 0) this.#calls.splice(index, 1);
  }

  /** The index behind every call that is due at `at` or earlier. */
  #placeAfter(at: number): number {
    let low = 0;
    let high = this.#calls.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const call = this.#calls[middle];
      if (call !== undefined && call.at <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The event loop goes to its next turn only when the queue of microtasks is empty, however long their chains are. */
function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    nextTurn(resolve);
  });
}
