// Prices and volumes are decimal strings: 0.1 + 0.2 is not 0.3 in a number of JavaScript, and money is no place for that.

const DIGITS = 8;
const format = /^(?<whole>\d{1,12})(?:\.(?<part>\d{1,8}))?$/;

/** In units of 0.00000001, exactly. undefined: not a decimal number of at most 12 and 8 digits. */
export function parseDecimal(text: string): bigint | undefined {
  const match = format.exec(text);
  if (match === null) return undefined;
  return BigInt((match.groups?.["whole"] ?? "") + (match.groups?.["part"] ?? "").padEnd(DIGITS, "0"));
}

/** Negative where a is less than b, positive where it is more. */
export function compareDecimals(a: string, b: string): number {
  const difference = (parseDecimal(a) ?? 0n) - (parseDecimal(b) ?? 0n);
  return difference < 0n ? -1 : Number(difference > 0n);
}

/** `units` of the last digit as a decimal string: 19891 with one digit is "1989.1". */
export function formatDecimal(units: number, digits: number): string {
  const text = String(units).padStart(digits + 1, "0");
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
