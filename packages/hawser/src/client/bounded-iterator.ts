import { createDeferred } from "../internal/deferred.js";
import type { Deferred } from "../internal/deferred.js";
import type { EventIterator } from "./client-types.js";

/** What waits for its reader; then the oldest goes. */
const MAX_ITEMS = 1000;

/** Events that come, for a reader that takes them when it likes: at most 1,000 wait. */
export class BoundedIterator<T> implements EventIterator<T> {
  dropped = 0;
  readonly #items: T[] = [];
  readonly #readers: Deferred<IteratorResult<T, undefined>>[] = [];
  #onEnd: (() => void) | undefined;

  /** `onEnd` is called once, whoever ends it. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  push(value: T): void {
    const reader = this.#readers.shift();
    if (reader !== undefined) return reader.resolve({ done: false, value });
    this.#items.push(value);
    if (this.#items.length <= MAX_ITEMS) return;
    this.#items.shift();
    this.dropped++;
  }

  /** What waits can still be read. */
  end(): void {
    this.#onEnd?.();
    this.#onEnd = undefined;
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const [value] = this.#items;
    if (this.#items.length > 0) {
      this.#items.shift();
      return Promise.resolve({ done: false, value: value as T }); // there is one
    }
    const reader = createDeferred<IteratorResult<T, undefined>>();
    if (this.#onEnd === undefined) reader.resolve({ done: true, value: undefined });
    else this.#readers.push(reader);
    return reader.promise;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#items.length = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
