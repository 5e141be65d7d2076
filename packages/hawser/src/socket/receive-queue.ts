import { createDeferred, type Deferred, quiet } from "../internal/deferred.js";
import { Fifo } from "../internal/fifo.js";
import type { Runtime } from "./runtime.js";
import type { WaitOptions } from "./socket-types.js";
import { checkWait, watch } from "./wait.js";

/**
 * What came and waits for `receive`, and the calls of `receive` that wait for something to come: never both. Bounded:
 * `push` answers with a promise when the queue is full, and whoever pushes waits for it.
 */
export class ReceiveQueue<Item> {
  readonly #items = new Fifo<{ item: Item; bytes: number }>();
  #bytes = 0;
  #receivers: Deferred<Item | null>[] = [];
  #space: Deferred<void> | null = null;
  /** Set once nothing more will come: the error to throw, or null for a clean end. */
  #end: { error: Error | null } | null = null;
  readonly #limits: { readonly maxItems: number; readonly maxBytes: number };

  constructor(limits: { readonly maxItems: number; readonly maxBytes: number }) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(item: Item, bytes: number): Promise<void> | undefined {
    const receiver = this.#receivers.shift();
    if (receiver !== undefined) {
      receiver.resolve(item);
      return undefined;
    }
    this.#items.push({ item, bytes });
    this.#bytes += bytes;
    if (!this.#full()) return undefined;
    return (this.#space ??= createDeferred<void>()).promise;
  }

  receive(options: WaitOptions | undefined, runtime: Runtime): Promise<Item | null> {
    try {
      checkWait(options);
    } catch (error) {
      return quiet(Promise.reject(error as Error)); // it throws nothing else
    }
    const entry = this.#items.shift();
    if (entry !== undefined) {
      this.#bytes -= entry.bytes;
      if (!this.#full()) this.#freeSpace();
      return Promise.resolve(entry.item);
    }
    if (this.#end !== null) {
      return this.#end.error === null ? Promise.resolve(null) : quiet(Promise.reject(this.#end.error));
    }
    const receiver = createDeferred<Item | null>();
    this.#receivers.push(receiver);
    watch(receiver, options, runtime, () => {
      const before = this.#receivers.length;
      this.#receivers = this.#receivers.filter((other) => other !== receiver);
      return this.#receivers.length < before;
    });
    return quiet(receiver.promise);
  }

  /** Nothing more will come: receivers get what is left, then null or the error. */
  finish(error: Error | null): void {
    if (this.#end !== null) return;
    this.#end = { error };
    for (const receiver of this.#receivers.splice(0)) {
      if (error === null) receiver.resolve(null);
      else receiver.reject(error);
    }
    this.#freeSpace();
  }

  /** Drops what waits. */
  clear(): void {
    this.#items.clear();
    this.#bytes = 0;
    this.#freeSpace();
  }

  #full(): boolean {
    return this.#items.size >= this.#limits.maxItems || this.#bytes >= this.#limits.maxBytes;
  }

  #freeSpace(): void {
    this.#space?.resolve();
    this.#space = null;
  }
}
