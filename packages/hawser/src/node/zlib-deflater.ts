import type { DeflateContext, Deflater } from "../protocol/index.js";
import { aborted, closedAlready, emptyMessage, TAIL } from "./deflate-rules.js";
import { ContextHolder, KeptShare } from "./zlib-context-holder.js";
import type { Span, ZlibContext } from "./zlib-handle.js";
import type { Output } from "./zlib-output.js";
import type { ZlibPool } from "./zlib-pool.js";

export interface DeflaterSettings {
  /** zlib's level, 1 to 9. */
  readonly level: number;
  /** What all contexts of the process that are kept may take, this one included; with more, it is not kept. */
  readonly maxContextBytes: number;
}

/** Compresses on zlib's handle: at once, or in slices of several turns where a piece is large. */
export class ZlibDeflater implements Deflater {
  readonly #pool: ZlibPool;
  readonly #settings: DeflaterSettings;
  readonly #takeover: boolean;
  readonly #context: ContextHolder;
  readonly #share: KeptShare;
  #pass: DeflatePass | null = null;
  #closed = false;

  constructor(pool: ZlibPool, { windowBits, takeover }: DeflateContext, settings: DeflaterSettings) {
    const { level } = settings;
    const context = { kind: "deflate", windowBits: zlibBits(windowBits), level } as const;
    this.#pool = pool;
    this.#settings = settings;
    this.#takeover = takeover;
    this.#context = new ContextHolder(pool, context);
    this.#share = new KeptShare(pool, context);
  }

  deflate(piece: Uint8Array, last: boolean): Uint8Array | Promise<Uint8Array> {
    if (this.#closed) throw closedAlready();
    // zlib answers a flush that has nothing new to flush with nothing, so empty pieces do not reach it
    if (piece.length === 0) return this.#end(last ? emptyMessage() : piece, last);
    const pass = (this.#pass = new DeflatePass(this.#pool, piece));
    if (piece.length > this.#pool.deflateSliceBytes) return this.#inSlices(pass, last);
    this.#advance(pass);
    return this.#end(pass.finish(last), last);
  }

  forget(): void {
    this.#context.forget();
  }

  close(): void {
    this.#closed = true;
    this.#release();
    this.#share.release();
  }

  async #inSlices(pass: DeflatePass, last: boolean): Promise<Uint8Array> {
    await this.#pool.slicedWork.run(() => {
      const done = this.#advance(pass);
      pass.park();
      return done;
    });
    if (this.#closed) throw aborted();
    return this.#end(pass.finish(last), last);
  }

  #advance(pass: DeflatePass): boolean {
    if (this.#closed) throw aborted();
    try {
      return pass.advance(this.#context.take());
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #end(output: Uint8Array, last: boolean): Uint8Array {
    this.#pass = null;
    if (last && !(this.#takeover && this.#share.claim(this.#settings.maxContextBytes))) this.#context.release();
    return output;
  }

  #release(): void {
    this.#pass?.drop();
    this.#pass = null;
    this.#context.release();
  }
}

/** zlib has no window of 8 bits; its 9 keeps within it, see ContextSettings. */
export function zlibBits(windowBits: number): number {
  return Math.max(9, windowBits);
}

/** The work on one piece. It ends in a flush: the peer can inflate it at once, and its output ends in the tail. */
class DeflatePass {
  readonly #piece: Uint8Array;
  readonly #sliceBytes: number;
  readonly #output: Output;
  #at = 0;

  constructor(pool: ZlibPool, piece: Uint8Array) {
    this.#piece = piece;
    this.#sliceBytes = pool.deflateSliceBytes;
    this.#output = pool.createOutput();
  }

  /** Compresses the next slice; true when it was the last. */
  advance(context: ZlibContext): boolean {
    const end = Math.min(this.#piece.length, this.#at + this.#sliceBytes);
    const more = end < this.#piece.length;
    const input: Span = { bytes: this.#piece, start: this.#at, end };
    let full = true;
    while (full) {
      const room = this.#output.room();
      context.step(input, room, more);
      this.#output.take(room.start);
      // a full output means that there is more (zlib.h, deflate)
      full = room.start === room.end;
    }
    this.#at = end;
    return !more;
  }

  /** To be called before others have their turn. */
  park(): void {
    this.#output.park();
  }

  finish(last: boolean): Uint8Array {
    return this.#output.finish(last ? TAIL.length : 0);
  }

  drop(): void {
    this.#output.drop();
  }
}
