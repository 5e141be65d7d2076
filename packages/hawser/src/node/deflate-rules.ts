import { ConnectionError, ProtocolError, UsageError } from "../internal/errors.js";
import { CLOSE_INVALID_DATA, CLOSE_MESSAGE_TOO_BIG } from "../protocol/index.js";

/** What a sender leaves off the end of a compressed message (RFC 7692 §7.2.1): the body of an empty stored block. */
export const TAIL: Uint8Array = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/**
 * An empty block. Behind the tail a decompressor is between two blocks, and nothing comes of it; one that is still inside a
 * block takes it for data, or fails. So a message that is cut short is found out.
 */
export const EMPTY_BLOCK: Uint8Array = Uint8Array.of(0x00, 0x00, 0x00, 0xff, 0xff);

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
