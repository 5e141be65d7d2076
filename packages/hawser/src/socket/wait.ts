import type { Deferred } from "../internal/deferred.js";
import { ConnectionError } from "../internal/errors.js";
import { WheelTimer } from "../internal/timer-wheel.js";
import type { Runtime } from "./runtime.js";
import { checkLimit } from "../internal/check-limit.js";
import type { WaitOptions } from "./socket-types.js";

/** Whether a wait has an end of its own that somebody must watch. */
export function isBounded(options: WaitOptions | undefined): options is WaitOptions {
  return options !== undefined && (options.signal !== undefined || options.timeoutMs !== undefined);
}

/**
 * To be called before an operation has any effect.
 * @throws UsageError INVALID_ARGUMENT for a bad `timeoutMs`; ConnectionError ABORTED for a signal that is aborted already
 */
export function checkWait(options: WaitOptions | undefined): void {
  checkTimeout(options);
  if (options?.signal?.aborted === true) throw aborted(options.signal);
}

/** @throws UsageError INVALID_ARGUMENT */
export function checkTimeout(options: WaitOptions | undefined): void {
  if (options?.timeoutMs !== undefined) checkLimit("timeoutMs", options.timeoutMs);
}

/**
 * Ends a wait by its signal or its time, which are checked already. `cancel` takes the operation back and answers whether
 * that was still possible; only then the promise rejects, unless `cancel` settled it.
 */
export function watch<T>(
  deferred: Deferred<T>,
  options: WaitOptions | undefined,
  runtime: Runtime,
  cancel: (error: ConnectionError) => boolean,
): void {
  if (!isBounded(options)) return;
  const { signal } = options;
  const timeoutMs = options.timeoutMs ?? Infinity;
  const end = (error: ConnectionError): void => {
    if (cancel(error)) deferred.reject(error);
  };
  const timer = new WheelTimer(() =>
    end(new ConnectionError("TIMEOUT", `not done within ${timeoutMs} ms`, { facts: { timeoutMs } })),
  );
  const abort = (): void => end(aborted(signal));
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

function aborted(signal: AbortSignal | undefined): ConnectionError {
  return new ConnectionError("ABORTED", "cancelled by its signal", { cause: signal?.reason });
}
