import { UsageError } from "../internal/errors.js";

/**
 * The grammar that header fields share (RFC 9110 §5.5, §5.6), as scanners that look at each character once. Text is one
 * character a byte (Latin-1), as Node gives headers.
 */

const TOKEN_PUNCTUATION = "!#$%&'*+-.^_`|~";

/** 1 for each of the characters a token may hold: letters, digits and some punctuation (RFC 9110 §5.6.2). */
const tokenCharacters: Uint8Array = createTokenTable();

function createTokenTable(): Uint8Array {
  const table = new Uint8Array(128);
  for (let code = 0x30; code <= 0x39; code += 1) table[code] = 1;
  for (let code = 0x41; code <= 0x5a; code += 1) {
    table[code] = 1;
    table[code + 0x20] = 1;
  }
  for (let index = 0; index < TOKEN_PUNCTUATION.length; index += 1) table[TOKEN_PUNCTUATION.charCodeAt(index)] = 1;
  return table;
}

/** Whether a character (by its code, possibly NaN past the end of a text) may stand in a token. */
export function isTokenCharacter(code: number): boolean {
  return tokenCharacters[code] === 1;
}

/** Whether `text` is a token: not empty, and of token characters only. */
export function isToken(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (!isTokenCharacter(text.charCodeAt(index))) return false;
  }
  return text.length > 0;
}

/** Whether a character is optional whitespace: space or tab (RFC 9110 §5.6.3). */
export function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** `text` without spaces and tabs at its ends. `String.trim` would take far more away. */
export function trimWhitespace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhitespace(text.charCodeAt(start))) start += 1;
  while (end > start && isWhitespace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** The elements of a list without quoted strings, trimmed; empty ones are kept, so that the caller can judge them. */
export function splitList(value: string): string[] {
  return value.split(",").map(trimWhitespace);
}

/** Whether a list holds `token`, whatever its case. `token` is given in lower case. */
export function hasToken(value: string, token: string): boolean {
  return splitList(value).some((element) => element.toLowerCase() === token);
}

/** Whether `value` is free of what no field may hold: the control characters but tab (RFC 9110 §5.5). */
export function isFieldValue(value: string): boolean {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return false;
  }
  return true;
}

/**
 * Whether `value`, as bytes in Latin-1, has a control character beyond ASCII: U+0085 ends a line for some readers. A byte of
 * 0x80 to 0x9f is none within a character of UTF-8.
 */
export function hasWideControl(value: string): boolean {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code < 0x80) continue;
    const rest = code < 0xc2 || code > 0xf4 ? 0 : code < 0xe0 ? 1 : code < 0xf0 ? 2 : 3;
    const isCharacter = rest > 0 && countContinuations(value, index + 1, rest) === rest;
    if (isCharacter ? code === 0xc2 && value.charCodeAt(index + 1) < 0xa0 : code < 0xa0) return true;
    if (isCharacter) index += rest;
  }
  return false;
}

/** How many of the next bytes, up to `max`, can only be inside a character of UTF-8. */
function countContinuations(value: string, start: number, max: number): number {
  let count = 0;
  while (count < max && (value.charCodeAt(start + count) & 0xc0) === 0x80) count += 1;
  return count;
}

/** Whether every character is ASCII. */
export function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0x7f) return false;
  }
  return true;
}

/** Headers by name. One with several values, such as Set-Cookie, is sent in as many lines. */
export type OutboundHeaders = Readonly<Record<string, string | readonly string[]>>;

/**
 * The lines of headers that the application adds to a head of ours, each ending in CR LF. Values must be ASCII: then a
 * head has the same bytes in Latin-1 and UTF-8, and nobody can hide a line break in a character that is cut to one byte.
 * @throws UsageError INVALID_ARGUMENT for a name that is no token, a reserved name, or a value with control characters
 */
export function formatHeaders(headers: OutboundHeaders, isReserved: (name: string) => boolean): string {
  let lines = "";
  for (const [name, value] of Object.entries(headers)) {
    if (!isToken(name)) refuseHeader(`a header's name is not a token: ${JSON.stringify(name)}`, name);
    if (isReserved(name.toLowerCase())) refuseHeader(`the header ${name} is set by the handshake itself`, name);
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const line of values) {
      checkOutboundValue(name, line);
      lines += `${name}: ${line}\r\n`;
    }
  }
  return lines;
}

/** @throws UsageError INVALID_ARGUMENT when `value` cannot be sent as the value of the header `name` */
export function checkOutboundValue(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || !isFieldValue(value) || !isAscii(value)) {
    refuseHeader(`the value of the header ${name} must be a string of ASCII without control characters`, name);
  }
}

function refuseHeader(message: string, header: string): never {
  throw new UsageError("INVALID_ARGUMENT", message, { facts: { header } });
}
