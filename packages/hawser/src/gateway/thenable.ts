import { quiet } from "../internal/deferred.js";

/** Whether it can be waited for. Not only promises: what databases answer often becomes one when it is waited for. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** For what an application's function answered that should answer nothing: one that is async may reject later, and nobody waits for it. */
export function quietResult(result: unknown): void {
  if (isThenable(result)) void quiet(Promise.resolve(result));
}
