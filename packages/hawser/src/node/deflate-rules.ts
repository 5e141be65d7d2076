import { ConnectionError, ProtocolError, UsageError } from "../internal/errors.js";
import { CLOSE_INVALID_DATA, CLOSE_MESSAGE_TOO_BIG } from "../protocol/index.js";

/** What a sender leaves off the end of a compressed message (RFC 7692 §7.2.1): the body of an empty stored block. */
export const TAIL: Uint8Array = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/**
 * What follows the tail to find out whether the message was whole: behind the tail a decompressor is between two blocks, and
 * nothing comes of empty ones; inside a block it takes them for data, or fails. Where no window is kept, a last block and one
 * byte behind it, before which the stream ends. Else blocks that are not the last: as many as the header of a block can
 * swallow.
 */
const LAST_BLOCK: Uint8Array = Uint8Array.of(0x01, 0x00, 0x00, 0xff, 0xff, 0x00);
const EMPTY_BLOCKS: Uint8Array = Uint8Array.from({ length: 32 * 5 }, (_, at) => (at % 5 < 3 ? 0x00 : 0xff));

export function endCheck(takeover: boolean): Uint8Array {
  return takeover ? EMPTY_BLOCKS : LAST_BLOCK;
}

/** Whether a message was whole, by what became of its `check`: how much of it was used, whether the stream ended then. */
export function isWhole(check: Uint8Array, outcome: { readonly used: number; readonly ended: boolean }): boolean {
  // the tail has completed a final block
  if (outcome.ended && outcome.used === 0) return true;
  return check === LAST_BLOCK ? outcome.ended && outcome.used === check.length - 1 : !outcome.ended;
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
  /** The window of our compressor when its context is kept between messages: 94 KiB for each connection, not 262. */
  takeoverWindowBits: 12,
  /** What the contexts that are kept between messages may take in a process. */
  maxContextBytes: 134_217_728,
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

export function aborted(): ConnectionError {
  return new ConnectionError("ABORTED", "the connection was closed");
}

export function closedAlready(): UsageError {
  return new UsageError("INVALID_STATE", "the compressor is closed");
}
