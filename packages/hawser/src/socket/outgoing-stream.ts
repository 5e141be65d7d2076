import type { Deferred } from "../internal/deferred.js";
import { ConnectionError, UsageError } from "../internal/errors.js";

type Piece = string | Uint8Array;

/** A message being sent while its source still makes it. It asks for a piece only when the one before was taken. */
export class OutgoingStream {
  readonly settled: Deferred<void>;
  /** Whether its first fragment has been made. */
  opened = false;
  /**
   * Whether the first fragment has left, or a compressor has seen it: from then on the message can only be finished, or the
   * connection given up.
   */
  begun = false;
  /** Whether its last fragment has been made. */
  finished = false;
  /** Whether nothing more is asked of its source. */
  stopped = false;
  type: "text" | "binary" | null;
  readonly compress: boolean;
  readonly #iterator: AsyncIterator<Piece> | Iterator<Piece>;
  #over = false;
  /** The first half of a surrogate pair that the source cut in two. */
  #half = "";

  constructor(
    source: AsyncIterable<Piece> | Iterable<Piece>,
    settled: Deferred<void>,
    options: { type: "text" | "binary" | null; compress: boolean },
  ) {
    this.settled = settled;
    this.type = options.type;
    this.compress = options.compress;
    this.#iterator = openSource(source);
  }

  /**
   * The next piece, which may be empty, or null at the end.
   * @throws (rejects) what the source throws; UsageError INVALID_ARGUMENT for a piece of the wrong type
   */
  async next(): Promise<Piece | null> {
    if (this.#over) return this.#takeHalf();
    const result = await this.#ask();
    if (result.done === true) {
      this.#over = true;
      return this.#takeHalf();
    }
    return this.#check(result.value);
  }

  /** Tells the source that nothing more is wanted. Idempotent. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    if (this.#over) return;
    this.#over = true;
    // The source's own trouble with ending is its own: nobody waits for it here.
    void (async () => this.#iterator.return?.())().catch(() => {});
  }

  /** Stops the source and rejects the promise of whoever sends this. */
  fail(error: unknown): void {
    this.stop();
    this.settled.reject(error);
  }

  cut(): void {
    this.fail(new ConnectionError("ABORTED", "the stream was cut off because the connection is closing"));
  }

  async #ask(): Promise<IteratorResult<Piece>> {
    try {
      return await this.#iterator.next();
    } catch (error) {
      this.#over = true; // a source that failed is over: `return` is not for it
      throw error;
    }
  }

  #check(piece: unknown): Piece {
    const type = typeof piece === "string" ? "text" : piece instanceof Uint8Array ? "binary" : null;
    if (type === null) {
      throw new UsageError(
        "INVALID_ARGUMENT",
        `a stream's piece is ${describe(piece)}: expected a string or a Uint8Array`,
      );
    }
    this.type ??= type;
    if (type !== this.type) {
      throw new UsageError(
        "INVALID_ARGUMENT",
        `a ${this.type} stream yielded a ${type} piece: all pieces of a message have one type`,
      );
    }
    return typeof piece === "string" ? this.#joinHalves(piece) : (piece as Uint8Array); // checked above
  }

  /** Keeps a high surrogate at the end back until its other half comes: alone it would turn into U+FFFD. */
  #joinHalves(piece: string): string {
    const text = this.#half + piece;
    const last = text.charCodeAt(text.length - 1);
    this.#half = last >= 0xd800 && last <= 0xdbff ? text.slice(-1) : "";
    return this.#half === "" ? text : text.slice(0, -1);
  }

  #takeHalf(): string | null {
    const half = this.#half;
    this.#half = "";
    return half === "" ? null : half;
  }
}

function openSource(source: AsyncIterable<Piece> | Iterable<Piece>): AsyncIterator<Piece> | Iterator<Piece> {
  // Callers without types may pass anything; a string is one message, not a stream of its letters.
  if (typeof source === "object" && source !== null) {
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source && !ArrayBuffer.isView(source)) return source[Symbol.iterator]();
  }
  throw new UsageError(
    "INVALID_ARGUMENT",
    `the source of a stream is ${describe(source)}: expected an iterable or async iterable of strings or Uint8Arrays`,
  );
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? "an object of another kind" : typeof value;
}
