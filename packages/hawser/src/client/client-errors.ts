import type { ErrorCode } from "../internal/error-codes.js";
import { ConnectionError, UsageError } from "../internal/errors.js";

// The errors that several files make, in as few words as will do: a page has to load them.

export function createMisuse(name: string, value: unknown, expected: string): UsageError {
  const text = String(value);
  return new UsageError("INVALID_ARGUMENT", `${name} is ${text}: expected ${expected}`, {
    facts: { name, value: text },
  });
}

export function createTimeout(timeoutMs: number | undefined, code: ErrorCode = "TIMEOUT"): ConnectionError {
  return new ConnectionError(code, `nothing within ${timeoutMs} ms`, { facts: { timeoutMs: timeoutMs ?? Infinity } });
}
