import { UsageError } from "../internal/errors.js";
import { areProtocols } from "../protocol/index.js";

/** @throws UsageError INVALID_ARGUMENT, naming the option, its value and what was expected */
export function refuseOption(name: string, value: unknown, expected: string): never {
  const shown = typeof value === "string" ? JSON.stringify(value) : describe(value);
  throw new UsageError("INVALID_ARGUMENT", `${name} is ${shown}: expected ${expected}`, {
    facts: { name, value: shown },
  });
}

/** A copy of the list, that nobody can change behind our back. */
export function checkStrings(name: string, value: unknown, expected: string): readonly string[] {
  const isList = Array.isArray(value) && value.every((item): item is string => typeof item === "string");
  return isList ? Object.freeze([...value]) : refuseOption(name, value, expected);
}

export function checkProtocols(value: unknown): readonly string[] {
  const expected = "an array of sub-protocol names: tokens, each once";
  const protocols = checkStrings("protocols", value, expected);
  return areProtocols(protocols) ? protocols : refuseOption("protocols", value, expected);
}

/** Values of callers without types, without running any code of theirs. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return "an array of other things";
  const isPlain = value === null || value === undefined || typeof value === "number" || typeof value === "boolean";
  return isPlain ? String(value) : `of type ${typeof value}`;
}
