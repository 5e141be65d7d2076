/**
 * The port through which permessage-deflate (RFC 7692) reaches a compressor. Without one the extension is neither offered
 * nor accepted. `node/` implements it over zlib. The engine hands compressed payloads out raw; `socket/` orders the
 * transforms, so that an implementation may answer at once (small input) or later (a promise, which settles also after `close`).
 */
export interface DeflatePort {
  /**
   * Whether there is memory for one more decompressor that keeps its window. Asked before a peer is allowed to make use of
   * one: what was allowed has to be kept.
   */
  canKeep(context: DeflateContext): boolean;
  /**
   * A compressor for one connection. Takes memory of its own only when the context is kept between messages; where there is
   * none left, it is not kept: takeover is a permission.
   */
  createDeflater(context: DeflateContext): Deflater;
  /** A decompressor for one connection. Takes memory of its own only when the context is kept between messages. */
  createInflater(context: DeflateContext): Inflater;
}

/** What was negotiated for one direction. */
export interface DeflateContext {
  /** LZ77 window, 8 to 15 (RFC 7692 §7.1.2). */
  readonly windowBits: number;
  /** Whether the window is kept from message to message. */
  readonly takeover: boolean;
}

export interface Deflater {
  /**
   * Compresses the next piece of a message; `last` ends the message and leaves off the tail 00 00 ff ff (RFC 7692 §7.2.1).
   * The answer is new memory. Never called again before a promise that it gave has settled.
   */
  deflate(piece: Uint8Array, last: boolean): Uint8Array | Promise<Uint8Array>;
  /**
   * Between two messages: the next one refers to nothing that was sent before, as the peer has inflated something that this
   * compressor does not know.
   */
  forget(): void;
  /** Gives all memory back; a message under way is dropped. Idempotent. */
  close(): void;
}

export interface Inflater {
  /**
   * Decompresses the next piece of a message; `last` ends the message by feeding 00 00 ff ff (RFC 7692 §7.2.2). The answer
   * is new memory of at most `maxBytes`.
   * @throws ProtocolError MESSAGE_TOO_BIG (1009) as soon as the output would pass `maxBytes`, COMPRESSED_DATA_INVALID (1007)
   */
  inflate(piece: Uint8Array, last: boolean, maxBytes: number): Uint8Array | Promise<Uint8Array>;
  /** Gives all memory back; a message under way is dropped. Idempotent. */
  close(): void;
}

/**
 * What inflating costs, in bytes of output: an honest compressor makes nothing much longer. Blocks that hold no data cost some
 * forty times as much as a byte of output does, for each byte.
 */
export function inflateCost(compressedBytes: number, inflatedBytes: number): number {
  return inflatedBytes + 32 * Math.max(0, compressedBytes - inflatedBytes);
}
