import type { Ledger } from "../internal/ledger.js";
import { SlicedWork } from "./sliced-work.js";
import { canUseHandles, contextBytes, ZlibContext } from "./zlib-handle.js";
import type { ContextSettings } from "./zlib-handle.js";
import { Output } from "./zlib-output.js";

/** zlib gains nothing from larger output; a bomb costs at most this much beyond the limit. */
const OUTPUT_BYTES = 65_536;

export interface ZlibPoolOptions {
  /** Whether to use zlib's native handles; false: only what Node documents, slower. @default whether they are the known ones */
  readonly handles?: boolean;
  /** Contexts of each kind that wait to be used again. Freed memory of zlib seldom returns to the system. @default 16 */
  readonly maxFreeContexts?: number;
  /** Messages that may be worked at in slices at once. @default 10 */
  readonly maxSlicedMessages?: number;
  /** What is compressed at once: 0.4 ms at level 1. @default 65536 */
  readonly deflateSliceBytes?: number;
  /** What is inflated at once: 0.5 ms. @default 262144 */
  readonly inflateSliceBytes?: number;
  /** Calls back in another turn of the event loop. @default setImmediate */
  readonly nextTurn?: (callback: () => void) => void;
  /** Told of the memory that contexts and unfinished output take. @default nobody */
  readonly ledger?: Pick<Ledger, "add">;
}

/**
 * What the compressors of a process share. A context is lent for as long as it has to remember something: for one call where
 * a whole message comes and no window is kept, so that one is enough for all connections. It is **reset whenever it comes
 * back, after errors too**: otherwise a peer could read earlier messages of others by a distance that reaches back into them.
 */
export class ZlibPool {
  readonly handles: boolean;
  readonly slicedWork: SlicedWork;
  readonly deflateSliceBytes: number;
  readonly inflateSliceBytes: number;
  readonly ledger: Pick<Ledger, "add"> | undefined;
  readonly #maxFree: number;
  readonly #free: Map<string, ZlibContext[]> = new Map();
  #output: Uint8Array | undefined;
  #keptBytes = 0;

  constructor(options: ZlibPoolOptions = {}) {
    this.handles = options.handles ?? canUseHandles();
    this.slicedWork = new SlicedWork(options.maxSlicedMessages ?? 10, options.nextTurn ?? setImmediate);
    this.deflateSliceBytes = options.deflateSliceBytes ?? 65_536;
    this.inflateSliceBytes = options.inflateSliceBytes ?? 262_144;
    this.ledger = options.ledger;
    this.#maxFree = options.maxFreeContexts ?? 16;
  }

  /** Contexts that wait to be used again. */
  get freeContexts(): number {
    return [...this.#free.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /** What contexts that are kept between messages take, or may come to take by what was promised. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Counts a context that is to be kept between messages; false, and uncounted, when all would take more than `maxBytes`. */
  keep(bytes: number, maxBytes: number): boolean {
    if (this.#keptBytes + bytes > maxBytes) return false;
    this.#keptBytes += bytes;
    return true;
  }

  unkeep(bytes: number): void {
    this.#keptBytes -= bytes;
  }

  createOutput(): Output {
    this.#output ??= new Uint8Array(OUTPUT_BYTES);
    return new Output(this.#output, this.ledger);
  }

  /** A context that has seen no data. Give it back. */
  lend(settings: ContextSettings): ZlibContext {
    this.ledger?.add(contextBytes(settings));
    return this.#free.get(nameOf(settings))?.pop() ?? new ZlibContext(settings);
  }

  giveBack(context: ZlibContext): void {
    this.ledger?.add(-contextBytes(context.settings));
    const name = nameOf(context.settings);
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

/** Contexts of one name can stand in for each other. */
function nameOf({ kind, windowBits, level }: ContextSettings): string {
  return `${kind} ${windowBits} ${level}`;
}
