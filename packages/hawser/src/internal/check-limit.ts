import { UsageError } from "./errors.js";

/** No limit is higher than this, and no array of every runtime longer. */
export const MAX_LIMIT: number = 2 ** 31 - 1;

/** @throws UsageError INVALID_ARGUMENT unless `value` is Infinity or a whole number from 1 to 2^31-1 */
export function checkLimit(name: string, value: unknown): number {
  if (value === Infinity) return Infinity;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_LIMIT) return value;
  throw new UsageError(
    "INVALID_ARGUMENT",
    `${name} is ${String(value)}: expected a whole number from 1 to ${MAX_LIMIT}, or Infinity for no limit`,
    { facts: { name, value: String(value) } },
  );
}
