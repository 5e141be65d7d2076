import { UsageError } from "./errors.js";

/**
 * Refuses option names that do not exist: a limit that is misspelt would otherwise silently not be there.
 * @throws UsageError INVALID_ARGUMENT with the nearest name that exists
 */
export function checkOptionNames(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new UsageError("INVALID_ARGUMENT", `${what} is ${describe(options)}: expected an object of options`, {
      facts: { name: what, value: describe(options) },
    });
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = findNearest(name, known);
    const advice = nearest === undefined ? `known are ${known.join(", ")}` : `did you mean ${nearest}?`;
    throw new UsageError("INVALID_ARGUMENT", `${what} has no option ${name}: ${advice}`, {
      facts: { name, ...(nearest === undefined ? {} : { nearest }) },
    });
  }
}

function describe(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
}

/** The name within a few slips of the finger; case does not count as one. */
function findNearest(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = countEdits(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Levenshtein's distance, a row at a time. */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let at = 1; at <= from.length; at++) {
    const next = [at];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (from[at - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
