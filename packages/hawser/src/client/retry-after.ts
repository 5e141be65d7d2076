/** A server that asks for more is not believed. */
const MAX_HINT_MS = 3_600_000;

/** The wait in milliseconds that a server asks for, whatever it has written there; 0: none. */
export function readHint(value: unknown): number {
  return typeof value === "number" && value > 0 ? Math.min(value, MAX_HINT_MS) : 0;
}

/** Reads Retry-After (RFC 9110 §10.2.3), seconds or a date, as milliseconds from `now`; undefined when it is neither. */
export function parseRetryAfter(value: string, now: number): number | undefined {
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // a date begins with the name of its day; Date.parse alone would take "-1" for a year
  const at = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
