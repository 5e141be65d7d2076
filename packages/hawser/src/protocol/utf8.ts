import type { ByteOperations } from "../internal/bytes.js";

// Typed-array reads stay inside bounds that the loops check, so `as number` drops an `undefined` that cannot be.

/** Shorter pieces go byte by byte: a call to the byte operations would cost more. */
const SHORT_BYTES = 32;

/**
 * Checks UTF-8 that comes in pieces, and finds the first bad byte as soon as it came (RFC 6455 §8.1): overlong forms,
 * surrogates and what is above U+10FFFF are found at the byte that makes them so. The bulk of a piece goes through the byte
 * operations; only what a cut left over is followed byte by byte.
 */
export class Utf8Validator {
  readonly #bytes: ByteOperations;
  readonly #sequence = new OpenSequence();

  constructor(bytes: ByteOperations) {
    this.#bytes = bytes;
  }

  /** Takes the next piece; false at the first byte that cannot belong to valid UTF-8. Then only `reset` is legal. */
  push(buffer: Uint8Array, start: number, end: number): boolean {
    const sequence = this.#sequence;
    let at = start;
    for (; at < end && sequence.missing > 0; at++) {
      if (!sequence.push(buffer[at] as number)) return false;
    }
    if (end - at >= SHORT_BYTES) {
      const cut = lastBoundary(buffer, at, end);
      if (!this.#bytes.isUtf8(buffer, at, cut)) return false;
      at = cut;
    }
    for (; at < end; at++) {
      if (!sequence.push(buffer[at] as number)) return false;
    }
    return true;
  }

  /** Whether the text may end here, which is not the case inside a code point. */
  finish(): boolean {
    return this.#sequence.missing === 0;
  }

  /** Begins a new text. */
  reset(): void {
    this.#sequence.missing = 0;
  }
}

/** Decodes UTF-8 that comes in pieces, never cutting a code point in two. A byte order mark is kept. */
export class Utf8Decoder {
  readonly #bytes: ByteOperations;
  readonly #sequence = new OpenSequence();
  readonly #carry: Uint8Array;
  #carried = 0;

  constructor(bytes: ByteOperations) {
    this.#bytes = bytes;
    this.#carry = new Uint8Array(4);
  }

  /** The code points completed by this piece; undefined at the first byte that cannot belong to valid UTF-8. */
  decode(buffer: Uint8Array, start: number, end: number): string | undefined {
    let at = start;
    while (at < end && this.#carried > 0) {
      if (!this.#keep(buffer[at++] as number)) return undefined;
      if (this.#sequence.missing === 0) return this.#joinCarry(buffer, at, end);
    }
    return this.#decodeRest(buffer, at, end);
  }

  /** Whether the text may end here, which is not the case inside a code point. */
  finish(): boolean {
    return this.#carried === 0;
  }

  #joinCarry(buffer: Uint8Array, start: number, end: number): string | undefined {
    const first = this.#bytes.decodeUtf8(this.#carry, 0, this.#carried);
    this.#carried = 0;
    const rest = this.#decodeRest(buffer, start, end);
    return first === undefined || rest === undefined ? undefined : first + rest;
  }

  #decodeRest(buffer: Uint8Array, start: number, end: number): string | undefined {
    const cut = lastBoundary(buffer, start, end);
    const text = cut === start ? "" : this.#bytes.decodeUtf8(buffer, start, cut);
    for (let at = cut; at < end; at++) {
      if (!this.#keep(buffer[at] as number)) return undefined;
    }
    return text;
  }

  #keep(byte: number): boolean {
    this.#carry[this.#carried++] = byte;
    return this.#sequence.push(byte);
  }
}

/** A sequence that has begun and not ended: what its next byte may be (Unicode, table 3-7). */
class OpenSequence {
  /** How many bytes are to come. */
  missing = 0;
  #lowest = 0x80;
  #highest = 0xbf;

  /** Takes the next byte: of the open sequence, or the first of another one. False when it may not stand there. */
  push(byte: number): boolean {
    if (this.missing === 0) return this.#open(byte);
    if (byte < this.#lowest || byte > this.#highest) return false;
    this.#lowest = 0x80;
    this.#highest = 0xbf;
    this.missing--;
    return true;
  }

  #open(lead: number): boolean {
    if (lead < 0x80) return true;
    if (lead < 0xc2 || lead > 0xf4) return false;
    this.missing = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    this.#lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    this.#highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    return true;
  }
}

/** Where the sequence begins that the end of the piece cuts; `end` when it cuts none. Looks at three bytes at most. */
function lastBoundary(buffer: Uint8Array, start: number, end: number): number {
  for (let back = 1; back <= 3 && end - back >= start; back++) {
    const byte = buffer[end - back] as number;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) {
      const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      return length > back ? end - back : end;
    }
  }
  return end;
}
