import { Scratch } from "./zlib-scratch.js";
import { ZlibContext } from "./zlib-handle.js";
import type { ContextSettings } from "./zlib-handle.js";

/** zlib gains nothing from larger output; a bomb costs at most this much beyond the limit. */
const SCRATCH_BYTES = 65_536;

/**
 * The contexts of a process. For whole messages without a window kept there is one for each kind and window, used by all
 * connections in turn and **reset after every use, errors included**: otherwise a peer could read earlier messages of
 * others by a distance that reaches back into them. Those in use for longer are lent, and used again once given back.
 */
export class ZlibPool {
  readonly scratch: Scratch = new Scratch(SCRATCH_BYTES);
  readonly #level: number;
  readonly #maxFree: number;
  readonly #shared: Map<string, ZlibContext> = new Map();
  readonly #free: Map<string, ZlibContext[]> = new Map();

  constructor(level: number, maxFree: number) {
    this.#level = level;
    this.#maxFree = maxFree;
  }

  /** Contexts that wait to be used again. */
  get freeContexts(): number {
    return [...this.#free.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /** Calls `use` with a context that has seen no data, and makes it forget what it sees. */
  share<T>(kind: ContextSettings["kind"], windowBits: number, use: (context: ZlibContext) => T): T {
    const name = kind + windowBits;
    let context = this.#shared.get(name);
    if (context === undefined) {
      context = new ZlibContext({ kind, windowBits, level: this.#level });
      this.#shared.set(name, context);
    }
    try {
      return use(context);
    } finally {
      context.reset();
      this.scratch.clear();
    }
  }

  /** A context that has seen no data. Give it back. */
  lend(kind: ContextSettings["kind"], windowBits: number): ZlibContext {
    return this.#free.get(kind + windowBits)?.pop() ?? new ZlibContext({ kind, windowBits, level: this.#level });
  }

  giveBack(context: ZlibContext): void {
    const name = context.settings.kind + context.settings.windowBits;
    const list = this.#free.get(name) ?? [];
    if (list.length >= this.#maxFree) {
      context.close();
      return;
    }
    context.reset();
    list.push(context);
    this.#free.set(name, list);
  }
}
