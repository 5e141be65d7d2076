import type { DeflateContext, Inflater } from "../protocol/index.js";
import { closedAlready, corrupt, isWholeEnd, MAX_FINAL_BLOCKS, TAIL, TAIL_AND_END, tooBig } from "./deflate-rules.js";
import type { Span, ZlibContext } from "./zlib-handle.js";
import type { ZlibPool } from "./zlib-pool.js";

/** A window of this size inflates what was made for any smaller one. */
const MAX_WINDOW_BITS = 15;

/** Decompresses at once, on zlib's handle. Borrows a context only while there is data that it must remember. */
export class ZlibInflater implements Inflater {
  readonly #pool: ZlibPool;
  readonly #windowBits: number;
  readonly #takeover: boolean;
  #own: ZlibContext | null = null;
  #closed = false;

  constructor(pool: ZlibPool, { windowBits, takeover }: DeflateContext) {
    this.#pool = pool;
    this.#windowBits = takeover ? windowBits : MAX_WINDOW_BITS;
    this.#takeover = takeover;
  }

  inflate(piece: Uint8Array, last: boolean, maxBytes: number): Uint8Array {
    if (this.#closed) throw closedAlready();
    const { scratch } = this.#pool;
    scratch.clear();
    const run = (context: ZlibContext): Uint8Array => {
      const pass = new InflatePass(context, this.#pool, maxBytes);
      pass.feed(piece);
      if (last) pass.endMessage(this.#takeover);
      return scratch.finish(0);
    };
    if (last && this.#own === null && !this.#takeover) return this.#pool.share("inflate", this.#windowBits, run);
    const context = (this.#own ??= this.#pool.lend("inflate", this.#windowBits));
    try {
      const output = run(context);
      if (last && !this.#takeover) this.#release();
      return output;
    } catch (error) {
      scratch.clear();
      this.#release();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#release();
  }

  #release(): void {
    if (this.#own !== null) this.#pool.giveBack(this.#own);
    this.#own = null;
  }
}

/** The work of one call of `inflate`. */
class InflatePass {
  readonly #context: ZlibContext;
  readonly #pool: ZlibPool;
  readonly #maxBytes: number;
  #finalBlocks = 0;

  constructor(context: ZlibContext, pool: ZlibPool, maxBytes: number) {
    this.#context = context;
    this.#pool = pool;
    this.#maxBytes = maxBytes;
  }

  /** Inflates all of `bytes`, across final blocks: data may go on behind one (RFC 7692 §7.2.3.4). */
  feed(bytes: Uint8Array): void {
    const input: Span = { bytes, start: 0, end: bytes.length };
    let idle = false;
    while (this.#step(input)) {
      // the stream ended before the input did: what follows is a new one
      if (idle && input.start === 0) throw corrupt();
      idle = input.start === 0;
      this.#restart();
    }
  }

  endMessage(takeover: boolean): void {
    const bytes = takeover ? TAIL : TAIL_AND_END;
    const input: Span = { bytes, start: 0, end: bytes.length };
    const ended = this.#step(input);
    // A final block at the very end needs an empty block behind it; not all senders write that, and no data is missing.
    if (ended && input.start === 0) this.#context.reset();
    else if (takeover ? ended : !isWholeEnd(input.start)) throw corrupt();
  }

  /** Inflates until the input is used up (false) or the stream has ended inside of it (true). */
  #step(input: Span): boolean {
    const { scratch } = this.#pool;
    for (;;) {
      const start = scratch.start;
      const end = Math.min(scratch.bytes.length, start + this.#maxBytes - scratch.total + 1);
      const room: Span = { bytes: scratch.bytes, start, end };
      this.#context.step(input, room);
      if (this.#context.failed) throw corrupt();
      scratch.take(room.start);
      if (scratch.total > this.#maxBytes) throw tooBig(this.#maxBytes);
      // output full: there may be more to come of the same input
      if (room.start < end) return input.start < input.end;
    }
  }

  #restart(): void {
    this.#finalBlocks++;
    if (this.#finalBlocks > MAX_FINAL_BLOCKS) throw corrupt();
    this.#context.reset();
  }
}
