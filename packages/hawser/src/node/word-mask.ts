import { portableBytes } from "../internal/portable-bytes.js";
import type { ByteOperations } from "../internal/bytes.js";

/** Below this many bytes words gain nothing over bytes, even with a view at hand. */
const FEW_BYTES = 32;
/** A view costs about as much as masking this many bytes one by one. */
const VIEW_BYTES = 64;
/** From here on eight bytes at a time gain more than the conversion of the key costs. */
const MANY_BYTES = 1024;
/** Larger memory is not remembered: the view would keep it alive. A read of Node's is not larger. */
const MAX_REMEMBERED_BYTES = 65_536;

const LITTLE_ENDIAN: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Masks four or eight bytes at a time. It remembers a view of the memory it was last called for, as many frames of one
 * read lie in the same: making one for each frame costs more than masking it.
 */
export function createMask(): ByteOperations["mask"] {
  let words: Int32Array = new Int32Array(0);

  // oxlint-disable-next-line max-params -- the signature of the port
  return (buffer, start, end, key, phase) => {
    const length = end - start;
    const known = words.buffer === buffer.buffer;
    if (length < (known ? FEW_BYTES : VIEW_BYTES)) {
      maskBytes(buffer, start, end, turn(key, phase));
      return;
    }
    if (length >= MANY_BYTES) {
      maskLong(buffer, start, end, turn(key, phase));
      return;
    }
    if (buffer.buffer.byteLength > MAX_REMEMBERED_BYTES) {
      portableBytes.mask(buffer, start, end, key, phase);
      return;
    }
    if (!known) words = new Int32Array(buffer.buffer, 0, buffer.buffer.byteLength >>> 2);
    maskWords(buffer, words, start, end, turn(key, phase));
  };
}

/** The key whose first octet is the one at `phase`. */
function turn(key: number, phase: number): number {
  return phase === 0 ? key : (key << (8 * phase)) | (key >>> (32 - 8 * phase));
}

function maskBytes(buffer: Uint8Array, start: number, end: number, key: number): void {
  // reads stay inside the bounds that the caller gave, so `as number` drops an `undefined` that cannot be
  let at = start;
  for (const wholeEnd = end - 3; at < wholeEnd; at += 4) {
    buffer[at] = (buffer[at] as number) ^ (key >>> 24);
    buffer[at + 1] = (buffer[at + 1] as number) ^ (key >>> 16);
    buffer[at + 2] = (buffer[at + 2] as number) ^ (key >>> 8);
    buffer[at + 3] = (buffer[at + 3] as number) ^ key;
  }
  for (let shift = 24; at < end; at++, shift -= 8) buffer[at] = (buffer[at] as number) ^ (key >>> shift);
}

/** `words` begins where the memory of `buffer` begins, so that positions in it do not depend on the window. */
// oxlint-disable-next-line max-params -- an object for each frame would cost more than the words save
function maskWords(buffer: Uint8Array, words: Int32Array, start: number, end: number, key: number): void {
  const base = buffer.byteOffset;
  const skip = -(base + start) & 3;
  const aligned = start + skip;
  maskBytes(buffer, start, aligned, key);
  const key4 = turn(key, skip);
  const word = nativeWord(key4);
  const last = (base + end) >>> 2;
  for (let at = (base + aligned) >>> 2; at < last; at++) words[at] = (words[at] as number) ^ word;
  maskBytes(buffer, (last << 2) - base, end, key4);
}

function maskLong(buffer: Uint8Array, start: number, end: number, key: number): void {
  const skip = -(buffer.byteOffset + start) & 7;
  const aligned = start + skip;
  const count = (end - aligned) >>> 3;
  maskBytes(buffer, start, aligned, key);
  const key4 = turn(key, skip & 3);
  const half = BigInt(nativeWord(key4) >>> 0);
  const word = (half << 32n) | half;
  const words = new BigUint64Array(buffer.buffer, buffer.byteOffset + aligned, count);
  for (let at = 0; at < count; at++) words[at] = (words[at] as bigint) ^ word;
  maskBytes(buffer, aligned + 8 * count, end, key4);
}

/** The word that holds the key's octets in the order of the wire, on this machine. */
function nativeWord(key: number): number {
  if (!LITTLE_ENDIAN) return key | 0;
  return (key >>> 24) | ((key >>> 8) & 0xff00) | ((key << 8) & 0xff_0000) | (key << 24);
}
