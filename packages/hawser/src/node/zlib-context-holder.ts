import { contextBytes } from "./zlib-handle.js";
import type { ContextSettings, ZlibContext } from "./zlib-handle.js";
import type { ZlibPool } from "./zlib-pool.js";

/** The one context that a compressor or decompressor has, while there is something to remember. */
export class ContextHolder {
  readonly #pool: ZlibPool;
  readonly #settings: ContextSettings;
  #context: ZlibContext | null = null;
  #forgetful = false;

  constructor(pool: ZlibPool, settings: ContextSettings) {
    this.#pool = pool;
    this.#settings = settings;
  }

  get empty(): boolean {
    return this.#context === null;
  }

  /** The context, borrowed if need be. */
  take(): ZlibContext {
    this.#context ??= this.#pool.lend(this.#settings);
    if (this.#forgetful) this.#context.reset();
    this.#forgetful = false;
    return this.#context;
  }

  /** Before its next use the context forgets what it has seen. */
  forget(): void {
    this.#forgetful = this.#context !== null;
  }

  release(): void {
    if (this.#context !== null) this.#pool.giveBack(this.#context);
    this.#context = null;
    this.#forgetful = false;
  }
}

/** A claim on memory for a context that is kept between messages. */
export class KeptShare {
  readonly #pool: ZlibPool;
  readonly #bytes: number;
  #held = false;

  constructor(pool: ZlibPool, settings: Pick<ContextSettings, "kind" | "windowBits">) {
    this.#pool = pool;
    this.#bytes = contextBytes(settings);
  }

  /** Whether there is a share, if need be a new one. */
  claim(maxBytes: number): boolean {
    this.#held ||= this.#pool.keep(this.#bytes, maxBytes);
    return this.#held;
  }

  release(): void {
    if (this.#held) this.#pool.unkeep(this.#bytes);
    this.#held = false;
  }
}
