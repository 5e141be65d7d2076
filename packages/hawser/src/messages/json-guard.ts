// What JSON.parse would take without a word: nesting without end, keys without number, whole numbers that it rounds. The
// text is looked at before it is parsed, in one pass that costs about as much as a copy of it. What is not JSON passes; the
// parser says so.

/** `docs/PROTOCOL.md`, section 2. */
const MAX_DEPTH = 32;
export const MAX_KEYS = 1000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const DOT = 0x2e;

/** What is wrong with `text`, or undefined. `maxKeys` is for all of its objects together. */
export function findJsonFault(text: string, maxKeys: number): string | undefined {
  const { length } = text;
  let depth = 0;
  let keys = 0;
  for (let at = 0; at < length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      at = endOfString(text, at);
    } else if (unit === COLON) {
      if (++keys > maxKeys) return `more than ${maxKeys} keys`;
    } else if (unit >= 0x5b) {
      if (unit === 0x5b || unit === 0x7b) {
        if (++depth > MAX_DEPTH) return `more than ${MAX_DEPTH} levels of objects and arrays`;
      } else if (unit === 0x5d || unit === 0x7d) depth--;
    } else if (isDigit(unit)) {
      const end = endOfNumber(text, at);
      // 15 digits are always exact
      if (end - at > 15 && isRounded(text.slice(at, end))) return "a whole number beyond 2^53 - 1: send it as a string";
      at = end - 1;
    }
  }
  return undefined;
}

/** Where the string that begins at `start` has its closing quote; the text's end when it has none. */
function endOfString(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at === -1) return text.length;
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return at;
  }
}

/** Behind the digits, and the fraction's: an exponent belongs to another kind of number. */
function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (!isDigit(unit) && unit !== DOT) break;
  }
  return at;
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

/** Fractions are rounded as everywhere; it is whole numbers that are names of things. */
function isRounded(digits: string): boolean {
  return Math.abs(Number(digits)) > Number.MAX_SAFE_INTEGER;
}
