/**
 * The port between a Socket and the bytes' way to the peer: a TCP or TLS stream of Node, a pair in memory, later a stream
 * of HTTP/2. It moves bytes and knows no frames. Calls into the sink never come from inside a call of the Socket's, but
 * `bufferedBytes` may have fallen back to zero when `write` returns.
 */
export interface Transport {
  /** The peer's address, or undefined where there is none. */
  readonly remoteAddress: string | undefined;
  /** Whether the bytes are encrypted on their way. */
  readonly secure: boolean;
  /** Bytes written that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /**
   * Whether written bytes are copied by the time `bufferedBytes` is zero again, so that their memory may be written into.
   * False where somebody may keep the chunks themselves: a tunnel, a compressing stream, a pair in memory.
   */
  readonly copies: boolean;
  /** Whether it was destroyed or has failed: what is written is dropped, and so may be what was buffered. */
  readonly destroyed: boolean;
  /** Begins to read; from now on everything that happens goes to `sink`. Called once. */
  start(sink: TransportSink): void;
  /**
   * Queues the chunks, in order, as one write where that is possible. They are never written into, and may be read until
   * `bufferedBytes` is zero again, or for ever unless `copies`. Never throws; what cannot be written shows in `onClosed`.
   */
  write(chunks: readonly Uint8Array[]): void;
  /** Stops reading; data already read may still arrive. */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /** Ends our direction (TCP FIN) behind everything written; the peer's may go on. Idempotent. */
  end(): void;
  /** Ends both directions at once; what is not written is dropped. `onClosed` follows, later. Idempotent. */
  destroy(): void;
}

/** What a transport tells its Socket. */
export interface TransportSink {
  /** `buffer[start, end)` came. It is lent for the length of the call, and may be written into. */
  onData(buffer: Uint8Array, start: number, end: number): void;
  /** `bufferedBytes` is zero again, after having been more when `write` returned. */
  onDrain(): void;
  /** Some bytes were taken by the operating system: the write makes progress. Optional to call besides `onDrain`. */
  onProgress(): void;
  /** The peer ended its direction (TCP FIN). */
  onEnd(): void;
  /** Both directions are over. The last call, made exactly once; `error` when something failed. */
  onClosed(error: Error | undefined): void;
}
