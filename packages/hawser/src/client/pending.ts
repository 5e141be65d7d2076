import type { Clock, ScheduledCall } from "../internal/clock.js";
import { createDeferred, quiet } from "../internal/deferred.js";
import { ConnectionError } from "../internal/errors.js";
import { createTimeout } from "./client-errors.js";

export interface PendingLimits {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A promise that time or a signal may end. It settles once, and then holds no timer and no listener. */
export class Pending<T> {
  readonly promise: Promise<T>;
  isSettled = false;
  readonly #settle: { resolve(value: T): void; reject(error: unknown): void };
  readonly #release: () => void;

  /** `onCut` is called before time or the signal rejects it; not for a signal that was aborted before. */
  constructor(clock: Clock, { timeoutMs, signal }: PendingLimits, onCut: () => void = () => {}) {
    const deferred = createDeferred<T>();
    this.promise = quiet(deferred.promise);
    this.#settle = deferred;
    const abort = (): void =>
      this.reject(new ConnectionError("ABORTED", "aborted by its signal", { cause: signal?.reason }));
    const onAbort = (): void => {
      onCut();
      abort();
    };
    const timer = startTimer(clock, timeoutMs, () => {
      onCut();
      this.reject(createTimeout(timeoutMs));
    });
    signal?.addEventListener("abort", onAbort);
    this.#release = () => {
      timer?.cancel();
      signal?.removeEventListener("abort", onAbort);
    };
    if (signal?.aborted) abort();
  }

  resolve(value: T): void {
    if (this.#end()) this.#settle.resolve(value);
  }

  reject(error: unknown): void {
    if (this.#end()) this.#settle.reject(error);
  }

  #end(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    this.#release();
    return true;
  }
}

/** Infinity and undefined: no timer. */
export function startTimer(clock: Clock, delayMs: number | undefined, callback: () => void): ScheduledCall | undefined {
  return delayMs === undefined || delayMs === Infinity ? undefined : clock.schedule(callback, delayMs);
}
