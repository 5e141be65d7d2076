import { ConnectionError, ProtocolError, UsageError } from "../internal/errors.js";
import { CLOSE_INVALID_DATA, CLOSE_MESSAGE_TOO_BIG } from "../protocol/index.js";

/** What a sender leaves off the end of a compressed message (RFC 7692 §7.2.1): the body of an empty stored block. */
export const TAIL: Uint8Array = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/**
 * The tail, and what shows whether the message was whole: behind the tail a decompressor is between two blocks, and nothing
 * comes of empty ones; inside a block it takes them for data, or fails. Where no window is kept, a last block and one byte
 * behind it, before which the stream ends. Else blocks that are not the last: as many as the header of a block can swallow.
 */
const TAIL_AND_LAST: Uint8Array = Uint8Array.of(...TAIL, 0x01, 0x00, 0x00, 0xff, 0xff, 0x00);
const TAIL_AND_EMPTY: Uint8Array = Uint8Array.of(
  ...TAIL,
  ...Array.from({ length: 32 * 5 }, (_, at) => (at % 5 < 3 ? 0x00 : 0xff)),
);

/** What a decompressor is given when a message is over. */
export function messageEnd(takeover: boolean): Uint8Array {
  return takeover ? TAIL_AND_EMPTY : TAIL_AND_LAST;
}

/** Whether a message was whole, by what became of its end: how much of it was used, whether the stream ended then. */
export function isWhole(end: Uint8Array, { used, ended }: { readonly used: number; readonly ended: boolean }): boolean {
  // A final block at the very end needs an empty block behind it; not all senders write that, and no data is missing. Or
  // the tail has completed a final block.
  if (ended && (used === 0 || used === TAIL.length)) return true;
  return end === TAIL_AND_LAST ? ended && used === end.length - 1 : !ended;
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
