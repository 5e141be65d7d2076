import { ProtocolError, UsageError } from "../internal/errors.js";
import { CLOSE_INVALID_DATA, CLOSE_MESSAGE_TOO_BIG } from "../protocol/index.js";

/** What a sender leaves off the end of a compressed message (RFC 7692 §7.2.1): the body of an empty stored block. */
export const TAIL: Uint8Array = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/**
 * The tail, a final empty block and one byte behind it. A decompressor that is between two blocks, as it must be at the
 * tail, ends its stream before the last byte; one inside a block does not. So a message that is cut short is found out.
 */
export const TAIL_AND_END: Uint8Array = Uint8Array.of(0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff, 0x00);

/**
 * Whether a message was whole, by how much of TAIL_AND_END its stream took to end: all but the last byte, or the tail alone
 * when that completes a final block.
 */
export function isWholeEnd(used: number): boolean {
  return used === TAIL_AND_END.length - 1 || used === TAIL.length;
}

/** A message of many empty final blocks (RFC 7692 §7.2.3.4) costs a reset for every two bytes. */
export const MAX_FINAL_BLOCKS = 1000;

/** The defaults of permessage-deflate. */
export const deflateDefaults = {
  /** zlib's level, 1 to 9. 1 takes half the time of 6 and makes 64 KiB of JSON 15 % longer. */
  level: 1,
  /** Shorter messages are not compressed: they gain little without a window of earlier ones. */
  thresholdBytes: 1024,
  /** The same when the context is kept between messages. */
  takeoverThresholdBytes: 64,
  /** Contexts that wait to be used again, of each kind. Freed memory of zlib seldom returns to the system. */
  maxFreeContexts: 16,
} as const;

/** A last piece without data: the header of an empty stored block, which the tail completes (RFC 7692 §7.2.3.6). */
export function emptyMessage(): Uint8Array {
  return Uint8Array.of(0x00);
}

export function corrupt(cause?: unknown): ProtocolError {
  const message = "the compressed data is corrupt or cut short";
  const details = cause === undefined ? {} : { cause };
  return new ProtocolError("COMPRESSED_DATA_INVALID", CLOSE_INVALID_DATA, message, details);
}

export function tooBig(limit: number): ProtocolError {
  const message = `the message is longer than ${limit} bytes when inflated: raise maxMessageBytes if that is meant`;
  return new ProtocolError("MESSAGE_TOO_BIG", CLOSE_MESSAGE_TOO_BIG, message, { facts: { limit } });
}

export function closedAlready(): UsageError {
  return new UsageError("INVALID_STATE", "the compressor is closed");
}
