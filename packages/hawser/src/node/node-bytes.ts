import { Buffer, isUtf8 } from "node:buffer";
import type { ByteOperations } from "../internal/bytes.js";
import { portableBytes } from "../internal/portable-bytes.js";
import { createMask } from "./word-mask.js";

/** Up to this many bytes an array in V8's own heap is cheapest, though it is filled with zeros. */
const SMALL_BYTES = 64;
/** Up to this many characters a loop costs less than a call out of JavaScript. */
const SHORT_TEXT = 24;
const REPLACEMENT = "\ufffd";

/** The methods of Buffer that work on any Uint8Array: undocumented, and there since Node's beginnings. */
interface RawBuffer {
  readonly utf8Slice?: (this: Uint8Array, start: number, end: number) => string;
  readonly utf8Write?: (this: Uint8Array, text: string, offset: number, length: number) => number;
}

/**
 * The byte operations done with Node's own. Behaves like `portableBytes`; new memory comes unfilled. One for each runtime,
 * as it keeps a view of the memory last unmasked.
 */
export function createNodeBytes(): ByteOperations {
  const { decode, encode } = rawText() ?? publicText();
  return {
    allocate,
    copy,
    mask: createMask(),
    isUtf8: (buffer, start, end) => isUtf8(part(buffer, start, end)),
    decodeUtf8: (buffer, start, end) => {
      const length = end - start;
      if (length <= SHORT_TEXT) {
        const text = decodeShortAscii(buffer, start, end);
        if (text !== undefined) return text;
      }
      const text = decode(buffer, start, end);
      // the decoder puts U+FFFD in the place of what is not UTF-8; text that is may hold the character too
      return text.includes(REPLACEMENT) && !isUtf8(part(buffer, start, end)) ? undefined : text;
    },
    utf8ByteLength: (text) => Buffer.byteLength(text, "utf8"),
    encodeUtf8: (text, target, offset) => {
      if (text.length <= SHORT_TEXT) {
        const end = encodeShortAscii(text, target, offset);
        if (end >= 0) return end - offset;
      }
      return encode(text, target, offset);
    },
  };
}

interface TextCoder {
  readonly decode: (buffer: Uint8Array, start: number, end: number) => string;
  readonly encode: (text: string, target: Uint8Array, offset: number) => number;
}

/** Buffer's own coders on plain arrays, which spares a view for each call; undefined where they do not do as expected. */
function rawText(): TextCoder | undefined {
  const { utf8Slice, utf8Write } = Buffer.prototype as RawBuffer;
  if (typeof utf8Slice !== "function" || typeof utf8Write !== "function") return undefined;
  const coder: TextCoder = {
    decode: (buffer, start, end) => utf8Slice.call(buffer, start, end),
    encode: (text, target, offset) => utf8Write.call(target, text, offset, target.length - offset),
  };
  return worksOnPlainArrays(coder) ? coder : undefined;
}

function worksOnPlainArrays({ decode, encode }: TextCoder): boolean {
  try {
    const target = new Uint8Array(8);
    return encode("\ufeff\u20ac", target, 1) === 6 && decode(target, 1, 7) === "\ufeff\u20ac";
  } catch {
    return false;
  }
}

/** The same by documented means. */
export function publicText(): TextCoder {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const encoder = new TextEncoder();
  return {
    decode: (buffer, start, end) => decoder.decode(part(buffer, start, end)),
    encode: (text, target, offset) => encoder.encodeInto(text, target.subarray(offset)).written,
  };
}

function allocate(bytes: number): Uint8Array {
  if (bytes <= SMALL_BYTES) return new Uint8Array(bytes);
  // not from Buffer's pool: a message that is kept must not keep its neighbours' memory, nor show it
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
}

function copy(source: Uint8Array, start: number, end: number, target: Uint8Array, offset: number): void {
  if (start === 0 && end === source.length && end > SMALL_BYTES) target.set(source, offset);
  else portableBytes.copy(source, start, end, target, offset);
}

function part(buffer: Uint8Array, start: number, end: number): Uint8Array {
  return start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end);
}

function decodeShortAscii(buffer: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number; // the caller's bounds are inside the array
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Where the text ends in `target`, or -1 when it is not all ASCII; what was written then is written over. */
function encodeShortAscii(text: string, target: Uint8Array, offset: number): number {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) return -1;
    target[offset + at] = unit;
  }
  return offset + text.length;
}
