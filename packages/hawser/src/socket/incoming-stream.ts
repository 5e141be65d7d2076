import { createDeferred, type Deferred } from "../internal/deferred.js";
import { ProtocolError, UsageError } from "../internal/errors.js";
import { Fifo } from "../internal/fifo.js";
import { portableBytes } from "../internal/portable-bytes.js";
import { CLOSE_MESSAGE_TOO_BIG } from "../protocol/index.js";
import { checkLimit } from "../internal/check-limit.js";
import type { Message, MessageStream } from "./socket-types.js";

type Piece = string | Uint8Array;

/** Memory that a piece takes beside its content: a message may come in pieces of one byte. */
const PIECE_OVERHEAD_BYTES = 128;

/** A message on its way in: the receiver writes pieces at one end, the application reads them at the other. */
export class IncomingStream implements MessageStream {
  readonly type: "text" | "binary";
  /** Resolves when the reader has had everything, or wants no more. */
  readonly consumed: Deferred<void> = createDeferred<void>();
  readonly #pieces = new Fifo<Piece>();
  readonly #limits: { readonly maxUnreadBytes: number; readonly maxMessageBytes: number };
  #unreadBytes = 0;
  #state: "arriving" | "complete" | "cancelled" = "arriving";
  #error: Error | null = null;
  /** Why `collect` gave up: the message was longer than allowed. */
  overflow: ProtocolError | null = null;
  #touched = false;
  #space: Deferred<void> | null = null;
  #news: Deferred<void> | null = null;

  constructor(type: "text" | "binary", limits: { readonly maxUnreadBytes: number; readonly maxMessageBytes: number }) {
    this.type = type;
    this.#limits = limits;
  }

  /** Memory that the unread pieces take. */
  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  /** Whether anybody has begun to read. */
  get touched(): boolean {
    return this.#touched;
  }

  get cancelled(): boolean {
    return this.#state === "cancelled";
  }

  /** Adds a piece; a promise says that enough waits, and when there is room again. */
  push(piece: Piece): Promise<void> | undefined {
    if (this.#state === "cancelled" || piece.length === 0) return undefined;
    this.#pieces.push(piece);
    this.#unreadBytes += piece.length + PIECE_OVERHEAD_BYTES;
    this.#wake();
    if (this.#unreadBytes < this.#limits.maxUnreadBytes) return undefined;
    return (this.#space ??= createDeferred<void>()).promise;
  }

  /** The message is complete. */
  finish(): void {
    if (this.#state === "arriving") this.#state = "complete";
    this.#wake();
  }

  /** The rest will never come. What came before is still read. */
  fail(error: Error): void {
    if (this.#state !== "arriving") return;
    this.#error = error;
    this.finish();
  }

  cancel(): void {
    if (this.#state === "cancelled") return;
    this.#state = "cancelled";
    this.#pieces.clear();
    this.#unreadBytes = 0;
    this.consumed.resolve();
    this.#freeSpace();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Piece, void, undefined> {
    if (this.#touched) {
      throw new UsageError("INVALID_STATE", "this message is being read already: a message has one reader");
    }
    this.#touched = true;
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) {
          this.#unreadBytes -= piece.length + PIECE_OVERHEAD_BYTES;
          if (this.#unreadBytes < this.#limits.maxUnreadBytes) this.#freeSpace();
          yield piece;
        } else if (this.#state === "arriving") {
          await (this.#news ??= createDeferred<void>()).promise;
        } else {
          if (this.#error !== null) throw this.#error;
          return;
        }
      }
    } finally {
      this.cancel();
    }
  }

  async collect(options: { readonly maxBytes?: number } = {}): Promise<Message> {
    const maxBytes = checkLimit("maxBytes", options.maxBytes ?? this.#limits.maxMessageBytes);
    const pieces: Piece[] = [];
    let size = 0;
    for await (const piece of this) {
      size += typeof piece === "string" ? portableBytes.utf8ByteLength(piece) : piece.length;
      if (size > maxBytes) throw this.#overflowAt(maxBytes);
      pieces.push(piece);
    }
    if (this.type === "text") return pieces.join("");
    const whole = new Uint8Array(size);
    let at = 0;
    for (const piece of pieces) {
      if (typeof piece === "string") continue; // a binary message has no such piece
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  #overflowAt(limit: number): ProtocolError {
    const message = `the message is longer than ${limit} bytes`;
    this.overflow = new ProtocolError("MESSAGE_TOO_BIG", CLOSE_MESSAGE_TOO_BIG, message, { facts: { limit } });
    return this.overflow;
  }

  #wake(): void {
    this.#news?.resolve();
    this.#news = null;
  }

  #freeSpace(): void {
    this.#space?.resolve();
    this.#space = null;
  }
}
