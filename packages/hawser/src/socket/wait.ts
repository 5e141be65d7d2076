import type { Deferred } from "../internal/deferred.js";
import { ConnectionError } from "../internal/errors.js";
import { WheelTimer } from "../internal/timer-wheel.js";
import type { Runtime } from "./runtime.js";
import { checkLimit } from "./socket-options.js";
import type { WaitOptions } from "./socket-types.js";

/** Whether a wait has an end of its own that somebody must watch. */
export function isBounded(options: WaitOptions | undefined): options is WaitOptions {
  return options !== undefined && (options.signal !== undefined || options.timeoutMs !== undefined);
}

/**
 * Ends a wait by its signal or its time. `cancel` takes the operation back and answers whether that was still possible; only
 * then the promise rejects.
 * @throws UsageError INVALID_ARGUMENT for a bad `timeoutMs`
 */
export function watch<T>(
  deferred: Deferred<T>,
  options: WaitOptions | undefined,
  runtime: Runtime,
  cancel: () => boolean,
): void {
  if (!isBounded(options)) return;
  const { signal } = options;
  const timeoutMs = checkLimit("timeoutMs", options.timeoutMs ?? Infinity);
  const timer = new WheelTimer(() => {
    if (cancel()) {
      deferred.reject(new ConnectionError("TIMEOUT", `not done within ${timeoutMs} ms`, { facts: { timeoutMs } }));
    }
  });
  const abort = (): void => {
    if (cancel()) deferred.reject(aborted(signal));
  };
  const clean = (): void => {
    runtime.wheel.cancel(timer);
    signal?.removeEventListener("abort", abort);
  };
  if (signal?.aborted === true) {
    abort();
    return;
  }
  runtime.wheel.arm(timer, timeoutMs);
  signal?.addEventListener("abort", abort);
  deferred.promise.then(clean, clean);
}

export function aborted(signal: AbortSignal | undefined): ConnectionError {
  return new ConnectionError("ABORTED", "cancelled by its signal", { cause: signal?.reason });
}
