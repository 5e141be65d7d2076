import type { ByteOperations } from "./bytes.js";

// Reads of typed arrays here stay inside bounds that the loops check, so `as number` drops an `undefined` that cannot be.

/** Below this many bytes a loop costs less than making a view. */
const SHORT_BYTES = 64;
/** How many bytes become a string at a time: every engine takes so many arguments. */
const MAX_ARGUMENTS = 4096;
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The byte operations in plain ECMAScript, for every runtime. */
export const portableBytes: ByteOperations = { allocate, copy, mask, isUtf8, decodeUtf8, utf8ByteLength, encodeUtf8 };

function allocate(bytes: number): Uint8Array {
  return new Uint8Array(bytes);
}

function copy(source: Uint8Array, start: number, end: number, target: Uint8Array, offset: number): void {
  if (end - start >= SHORT_BYTES || source.buffer === target.buffer) {
    target.set(source.subarray(start, end), offset);
    return;
  }
  for (let from = start, to = offset; from < end; from++, to++) target[to] = source[from] as number;
}

function mask(buffer: Uint8Array, start: number, end: number, key: number, phase: number): void {
  const turned = turn(key, phase);
  if (end - start < 2 * SHORT_BYTES) {
    maskBytes(buffer, start, end, turned);
    return;
  }
  // words must be aligned in the memory that the array is a window of
  const skip = -(buffer.byteOffset + start) & 3;
  const wordsStart = start + skip;
  const count = (end - wordsStart) >>> 2;
  const wordsEnd = wordsStart + 4 * count;
  maskBytes(buffer, start, wordsStart, turned);
  const key4 = turn(turned, skip & 3);
  const words = new Int32Array(buffer.buffer, buffer.byteOffset + wordsStart, count);
  const word = nativeOrder(key4);
  for (let at = 0; at < count; at++) words[at] = (words[at] as number) ^ word;
  maskBytes(buffer, wordsEnd, end, key4);
}

/** The key whose first octet is the one at `phase`. */
function turn(key: number, phase: number): number {
  const bits = 8 * phase;
  return phase === 0 ? key : (key << bits) | (key >>> (32 - bits));
}

function maskBytes(buffer: Uint8Array, start: number, end: number, key: number): void {
  const key0 = key >>> 24;
  const key1 = (key >>> 16) & 0xff;
  const key2 = (key >>> 8) & 0xff;
  const key3 = key & 0xff;
  let at = start;
  for (const wholeEnd = end - 3; at < wholeEnd; at += 4) {
    buffer[at] = (buffer[at] as number) ^ key0;
    buffer[at + 1] = (buffer[at + 1] as number) ^ key1;
    buffer[at + 2] = (buffer[at + 2] as number) ^ key2;
    buffer[at + 3] = (buffer[at + 3] as number) ^ key3;
  }
  if (at < end) buffer[at] = (buffer[at] as number) ^ key0;
  if (at + 1 < end) buffer[at + 1] = (buffer[at + 1] as number) ^ key1;
  if (at + 2 < end) buffer[at + 2] = (buffer[at + 2] as number) ^ key2;
}

/** The word that holds the key's octets in the order of the wire on this machine. */
function nativeOrder(key: number): number {
  return LITTLE_ENDIAN ? (key << 24) | ((key & 0xff00) << 8) | ((key >>> 8) & 0xff00) | (key >>> 24) : key;
}

function isUtf8(buffer: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    if ((buffer[at] as number) < 0x80) {
      at++;
      continue;
    }
    const length = sequenceLength(buffer, at, end);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

function decodeUtf8(buffer: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  for (let at = start; at < end;) {
    const asciiEnd = findAsciiEnd(buffer, at, end);
    if (asciiEnd > at) {
      text += asciiToString(buffer, at, asciiEnd);
      at = asciiEnd;
    } else {
      const length = sequenceLength(buffer, at, end);
      if (length === 0) return undefined;
      text += String.fromCodePoint(codePointAt(buffer, at, length));
      at += length;
    }
  }
  return text;
}

/** Where the run of ASCII at `start` ends, or has as many bytes as may be passed as arguments. */
function findAsciiEnd(buffer: Uint8Array, start: number, end: number): number {
  const furthest = Math.min(end, start + MAX_ARGUMENTS);
  let at = start;
  while (at < furthest && (buffer[at] as number) < 0x80) at++;
  return at;
}

function asciiToString(buffer: Uint8Array, start: number, end: number): string {
  // spaces between other words are many: one byte needs no view
  if (end - start === 1) return String.fromCharCode(buffer[start] as number);
  return Reflect.apply(String.fromCharCode, undefined, buffer.subarray(start, end));
}

/** How long the sequence at `at` is: 2 to 4, or 0 when it is not well formed (Unicode, table 3-7). */
function sequenceLength(buffer: Uint8Array, at: number, end: number): number {
  const lead = buffer[at] as number;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || end - at < length) return 0;
  const second = buffer[at + 1] as number;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let next = at + 2; next < at + length; next++) {
    if (((buffer[next] as number) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

function codePointAt(buffer: Uint8Array, at: number, length: number): number {
  let codePoint = (buffer[at] as number) & (0xff >>> (length + 1));
  for (let next = at + 1; next < at + length; next++) {
    codePoint = (codePoint << 6) | ((buffer[next] as number) & 0x3f);
  }
  return codePoint;
}

function utf8ByteLength(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (isPair(text, at)) {
      bytes += 4;
      at++;
    } else bytes += 3;
  }
  return bytes;
}

function encodeUtf8(text: string, target: Uint8Array, offset: number): number {
  let to = offset;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) {
      target[to++] = unit;
    } else if (unit < 0x800) {
      target[to++] = 0xc0 | (unit >>> 6);
      target[to++] = 0x80 | (unit & 0x3f);
    } else if (isPair(text, at)) {
      const codePoint = 0x10000 + ((unit & 0x3ff) << 10) + (text.charCodeAt(++at) & 0x3ff);
      target[to++] = 0xf0 | (codePoint >>> 18);
      target[to++] = 0x80 | ((codePoint >>> 12) & 0x3f);
      target[to++] = 0x80 | ((codePoint >>> 6) & 0x3f);
      target[to++] = 0x80 | (codePoint & 0x3f);
    } else {
      const whole = (unit & 0xf800) === 0xd800 ? 0xfffd : unit;
      target[to++] = 0xe0 | (whole >>> 12);
      target[to++] = 0x80 | ((whole >>> 6) & 0x3f);
      target[to++] = 0x80 | (whole & 0x3f);
    }
  }
  return to - offset;
}

/** Whether a high surrogate with its low one stands at `at`. */
function isPair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
}
