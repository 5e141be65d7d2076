import type { ByteOperations } from "../internal/bytes.js";
import { UsageError } from "../internal/errors.js";
import type { Role } from "./frames.js";

/** No limit is higher than this, and no array of every runtime longer. */
const MAX_LIMIT: number = 2 ** 31 - 1;
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

/** How many bytes each kind of message may have on the wire. */
export interface MessageLimits {
  readonly binary: number;
  readonly text: number;
  readonly compressed: number;
}

/** @throws UsageError INVALID_ARGUMENT for a limit out of range */
export function resolveMessageLimits(options: FrameParserOptions): MessageLimits {
  const checked = checkLimit("maxMessageBytes", options.maxMessageBytes);
  if (options.mode === "stream") {
    const exact = Number.MAX_SAFE_INTEGER;
    return { binary: exact, text: exact, compressed: exact };
  }
  const binary = Math.min(checked, MAX_LIMIT);
  // deflate makes what cannot be compressed longer, by less than a sixteenth; a message of maxMessageBytes is legal there too
  const compressed = Math.min(binary + (binary >>> 4) + 64, MAX_LIMIT);
  return { binary, text: Math.min(binary, MAX_TEXT_BYTES), compressed };
}

/** @throws UsageError INVALID_ARGUMENT */
export function checkLimit(name: string, value: number): number {
  const valid = value === Infinity || (Number.isInteger(value) && value >= 1 && value <= MAX_LIMIT);
  if (valid) return value;
  const expected = "an integer from 1 to 2147483647, or Infinity";
  const shown = typeof value === "number" ? value : typeof value;
  throw new UsageError("INVALID_ARGUMENT", `${name} is ${shown}: use ${expected}`, {
    facts: { name, value: shown, expected },
  });
}
