import { LENGTH_IN_16_BITS, LENGTH_IN_64_BITS, MASK } from "./frames.js";

/** How many bytes the header of a frame with `length` bytes of payload takes: 2 to 14. */
export function frameHeaderBytes(length: number, masked: boolean): number {
  const lengthBytes = length < LENGTH_IN_16_BITS ? 0 : length < 0x10000 ? 2 : 8;
  return 2 + lengthBytes + (masked ? 4 : 0);
}

/**
 * Writes a frame header with the length in its shortest form (RFC 6455 §5.2) and returns the offset behind it. `firstByte`
 * is FIN, RSV bits and opcode; `maskKey` has the first octet of the key highest, undefined writes an unmasked frame. The
 * caller made sure of the room.
 */
export function writeFrameHeader(
  target: Uint8Array,
  offset: number,
  firstByte: number,
  length: number,
  maskKey: number | undefined,
): number {
  const maskBit = maskKey === undefined ? 0 : MASK;
  let at = offset;
  target[at++] = firstByte;
  if (length < LENGTH_IN_16_BITS) {
    target[at++] = maskBit | length;
  } else if (length < 0x10000) {
    target[at++] = maskBit | LENGTH_IN_16_BITS;
    target[at++] = length >>> 8;
    target[at++] = length;
  } else {
    target[at++] = maskBit | LENGTH_IN_64_BITS;
    at = writeWord(target, at, Math.floor(length / 2 ** 32));
    at = writeWord(target, at, length % 2 ** 32);
  }
  return maskKey === undefined ? at : writeWord(target, at, maskKey);
}

function writeWord(target: Uint8Array, offset: number, word: number): number {
  target[offset] = word >>> 24;
  target[offset + 1] = word >>> 16;
  target[offset + 2] = word >>> 8;
  target[offset + 3] = word;
  return offset + 4;
}
