import type { Clock, ScheduledCall } from "../internal/clock.js";
import { createDeferred, quiet } from "../internal/deferred.js";
import { ConnectionError } from "../internal/errors.js";
import { createTimeout } from "./client-errors.js";

// Here and in its neighbours functions make what could be classes: a page has to load them, and what is private in a
// function has a short name there.

export interface PendingLimits {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A promise that time or a signal may end. It settles once, and then holds no timer and no listener. */
export interface Pending<T> {
  readonly promise: Promise<T>;
  readonly isSettled: boolean;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** `onCut` is called before time or the signal rejects it; not for a signal that was aborted before. */
export function createPending<T>(
  clock: Clock,
  { timeoutMs, signal }: PendingLimits = {},
  onCut: () => void = () => {},
): Pending<T> {
  const deferred = createDeferred<T>();
  const settle = (): void => {
    pending.isSettled = true;
    timer?.cancel();
    signal?.removeEventListener("abort", onAbort);
  };
  const pending = {
    promise: quiet(deferred.promise),
    isSettled: false,
    resolve: (value: T) => {
      settle();
      deferred.resolve(value);
    },
    reject: (error: unknown) => {
      settle();
      deferred.reject(error);
    },
  };
  const abort = (): void => pending.reject(new ConnectionError("ABORTED", "aborted", { cause: signal?.reason }));
  const onAbort = (): void => {
    onCut();
    abort();
  };
  const timer = startTimer(clock, timeoutMs, () => {
    onCut();
    pending.reject(createTimeout(timeoutMs));
  });
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) abort();
  return pending;
}

/** Infinity and undefined: no timer. */
export function startTimer(clock: Clock, delayMs: number | undefined, callback: () => void): ScheduledCall | undefined {
  return delayMs !== undefined && delayMs < Infinity ? clock.schedule(callback, delayMs) : undefined;
}
