import type { DeflateContext, Deflater } from "../protocol/index.js";
import { closedAlready, emptyMessage, TAIL } from "./deflate-rules.js";
import type { ZlibContext } from "./zlib-handle.js";
import type { ZlibPool } from "./zlib-pool.js";

/** Compresses at once, on zlib's handle. Borrows a context only while there is data that it must remember. */
export class ZlibDeflater implements Deflater {
  readonly #pool: ZlibPool;
  readonly #windowBits: number;
  readonly #takeover: boolean;
  #own: ZlibContext | null = null;
  #closed = false;

  constructor(pool: ZlibPool, { windowBits, takeover }: DeflateContext) {
    this.#pool = pool;
    this.#windowBits = Math.max(9, windowBits); // zlib has no 8; its 9 keeps within it, see ContextSettings
    this.#takeover = takeover;
  }

  deflate(piece: Uint8Array, last: boolean): Uint8Array {
    if (this.#closed) throw closedAlready();
    const output = piece.length === 0 ? emptyPiece(last) : this.#compress(piece, last);
    if (last && !this.#takeover) this.#release();
    return output;
  }

  close(): void {
    this.#closed = true;
    this.#release();
  }

  #compress(piece: Uint8Array, last: boolean): Uint8Array {
    const pool = this.#pool;
    const compress = (context: ZlibContext): Uint8Array => run(pool, context, piece, last ? TAIL.length : 0);
    if (last && this.#own === null && !this.#takeover) return pool.share("deflate", this.#windowBits, compress);
    this.#own ??= pool.lend("deflate", this.#windowBits);
    return compress(this.#own);
  }

  #release(): void {
    if (this.#own !== null) this.#pool.giveBack(this.#own);
    this.#own = null;
  }
}

/** zlib answers a flush that has nothing new to flush with nothing, so empty pieces do not reach it. */
function emptyPiece(last: boolean): Uint8Array {
  return last ? emptyMessage() : new Uint8Array(0);
}

/** Every piece ends in a flush: the peer can inflate it at once, and its output ends in the tail. */
function run(pool: ZlibPool, context: ZlibContext, piece: Uint8Array, dropped: number): Uint8Array {
  const { scratch } = pool;
  const input = { bytes: piece, start: 0, end: piece.length };
  scratch.clear();
  for (;;) {
    const room = { bytes: scratch.bytes, start: scratch.start, end: scratch.bytes.length };
    context.step(input, room);
    scratch.take(room.start);
    // a full output means that there is more (zlib.h, deflate)
    if (room.start < room.end) return scratch.finish(dropped);
  }
}
