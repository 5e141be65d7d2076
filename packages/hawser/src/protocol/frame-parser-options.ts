import type { ByteOperations } from "../internal/bytes.js";
import { MAX_LIMIT } from "../internal/check-limit.js";
import type { Role } from "./frames.js";

/** V8 makes no longer string, so no longer text could be given out. */
const MAX_TEXT_BYTES: number = 2 ** 29 - 24;

export interface FrameParserOptions {
  /** Whose parser: a server's demands masked frames, a client's refuses them. */
  readonly role: Role;
  /** Whether messages are given whole, or in pieces as they come. */
  readonly mode: "message" | "stream";
  /** Whether permessage-deflate was negotiated. */
  readonly deflate: boolean;
  /**
   * The longest message in message mode: 1 to 2^31-1, or Infinity, which still means 2^31-1, as no longer array is portable.
   * What inflating makes of a compressed one is not counted here.
   */
  readonly maxMessageBytes: number;
  /** Frames a message may come in, in message mode: 1 to 2^31-1, or Infinity. */
  readonly maxFramesPerMessage: number;
  /** Empty frames a message may have in a row: 1 to 2^31-1, or Infinity. */
  readonly maxEmptyFrames: number;
  /** Whether a length in more bytes than it needs is taken, against RFC 6455 §5.2. */
  readonly allowNonMinimalLengths: boolean;
  readonly bytes: ByteOperations;
}

/** How many bytes a message may have on the wire, in message mode. */
export function maxWireBytes(maxMessageBytes: number, type: "text" | "binary", compressed: boolean): number {
  const bytes = Math.min(maxMessageBytes, MAX_LIMIT);
  // deflate makes what cannot be compressed longer, by less than a sixteenth; a message of maxMessageBytes is legal there too
  if (compressed) return Math.min(bytes + (bytes >>> 4) + 64, MAX_LIMIT);
  return type === "text" ? Math.min(bytes, MAX_TEXT_BYTES) : bytes;
}
