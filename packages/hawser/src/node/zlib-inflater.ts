import type { DeflateContext, Inflater } from "../protocol/index.js";
import { aborted, closedAlready } from "./deflate-rules.js";
import { InflatePass } from "./inflate-pass.js";
import { ContextHolder, KeptShare } from "./zlib-context-holder.js";
import type { ZlibPool } from "./zlib-pool.js";

/** A window of this size inflates what was made for any smaller one. */
const MAX_WINDOW_BITS = 15;

/** The settings of the context that inflates for a connection. */
export function inflateSettings({ windowBits, takeover }: DeflateContext): {
  readonly kind: "inflate";
  readonly windowBits: number;
  readonly level: number;
} {
  return { kind: "inflate", windowBits: takeover ? windowBits : MAX_WINDOW_BITS, level: 0 };
}

interface Work {
  readonly piece: Uint8Array;
  readonly last: boolean;
  readonly maxBytes: number;
}

/**
 * Decompresses on zlib's handle: at once, or in slices of several turns where much comes of it. A connection that has had
 * its slice waits for another turn, also with its next message.
 */
export class ZlibInflater implements Inflater {
  readonly #pool: ZlibPool;
  readonly #takeover: boolean;
  readonly #context: ContextHolder;
  readonly #share: KeptShare;
  #pass: InflatePass | null = null;
  /** What was done since the last turn that was given away. */
  #turnCost = 0;
  #closed = false;

  constructor(pool: ZlibPool, context: DeflateContext) {
    const settings = inflateSettings(context);
    this.#pool = pool;
    this.#takeover = context.takeover;
    this.#context = new ContextHolder(pool, settings);
    this.#share = new KeptShare(pool, settings);
    // it was promised in the handshake, whatever the limit is by now
    if (context.takeover) this.#share.claim(Infinity);
  }

  inflate(piece: Uint8Array, last: boolean, maxBytes: number): Uint8Array | Promise<Uint8Array> {
    if (this.#closed) throw closedAlready();
    const work: Work = { piece, last, maxBytes };
    // alone in its context, what has begun can begin again
    const alone = last && !this.#takeover && this.#context.empty;
    if (this.#turnCost < this.#pool.inflateSliceBytes && this.#advance(work)) return this.#end(last);
    // the memory of those who wait for a place must not add up
    if (alone && this.#pool.slicedWork.full) this.#release();
    return this.#inSlices(work);
  }

  close(): void {
    this.#closed = true;
    this.#release();
    this.#share.release();
  }

  async #inSlices(work: Work): Promise<Uint8Array> {
    this.#pass?.park();
    await this.#pool.slicedWork.run(() => {
      this.#turnCost = 0;
      const done = this.#advance(work);
      this.#pass?.park();
      return done;
    });
    if (this.#closed) throw aborted();
    return this.#end(work.last);
  }

  #advance({ piece, last, maxBytes }: Work): boolean {
    if (this.#closed) throw aborted();
    const pass = (this.#pass ??= new InflatePass(this.#pool.createOutput(), {
      piece,
      last,
      maxBytes,
      takeover: this.#takeover,
    }));
    const before = pass.cost;
    try {
      return pass.advance(this.#context.take(), this.#pool.inflateSliceBytes - this.#turnCost);
    } catch (error) {
      this.#release();
      throw error;
    } finally {
      this.#turnCost += pass.cost - before;
    }
  }

  #end(last: boolean): Uint8Array {
    const output = this.#pass?.finish() ?? new Uint8Array(0);
    this.#pass = null;
    if (last && !this.#takeover) this.#context.release();
    return output;
  }

  #release(): void {
    this.#pass?.drop();
    this.#pass = null;
    this.#context.release();
  }
}
