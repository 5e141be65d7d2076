import { InvalidArgumentError } from "commander";

/** The longest time, and the largest count, that the library takes. */
export const MAX_LIMIT: number = 2 ** 31 - 1;

/** With less there is no room for even a few connections: somebody has counted in megabytes. */
export const MIN_MEMORY_BYTES = 1_048_576;

/** Makes a parser of whole numbers for commander, which names the option and the value itself. */
export function wholeNumber(min: number, max: number = MAX_LIMIT): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : -1;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

/** The same, and "off" for no limit. */
export function wholeNumberOrOff(min: number): (text: string) => number {
  const parse = wholeNumber(min);
  return (text) => {
    if (text === "off") return Infinity;
    try {
      return parse(text);
    } catch {
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${MAX_LIMIT}, or off.`);
    }
  };
}

/** A file, a folder or an address: an empty one is a variable that was not set, and would mean the working directory. */
export function notEmpty(text: string): string {
  if (text === "") throw new InvalidArgumentError("Expected a text that is not empty.");
  return text;
}

/** For options that may be given more than once. */
export function collect(text: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), text];
}

/** A header as curl writes it, `Name: value`. */
export function collectHeader(text: string, earlier: Record<string, string> | undefined): Record<string, string> {
  const colon = text.indexOf(":");
  const name = text.slice(0, Math.max(colon, 0)).trim();
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
    throw new InvalidArgumentError('Expected a name, a colon and a value: --header "X-Token: abc".');
  }
  return { ...earlier, [name]: text.slice(colon + 1).trim() };
}

/** Hexadecimal digits, in pairs, with or without spaces between them; undefined for anything else. */
export function parseHex(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(/\s+/g, "");
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return undefined;
  return Uint8Array.from(Buffer.from(digits, "hex"));
}
