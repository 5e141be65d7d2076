import type { EventIterator } from "./client-types.js";

/** What waits for its reader; then the oldest goes. */
const MAX_ITEMS = 1000;

/** Events that come, for a reader that takes them when it likes: at most 1,000 wait. */
export interface EndableIterator<T> extends EventIterator<T> {
  dropped: number;
  push(value: T): void;
  /** What waits can still be read. */
  end(): void;
}

/** `onEnd` is called once, whoever ends it. */
export function createBoundedIterator<T>(onEnd: () => void): EndableIterator<T> {
  const items: T[] = [];
  const readers: ((result: IteratorResult<T, undefined>) => void)[] = [];
  const last = { done: true, value: undefined } as const;
  let isEnded = false;
  const iterator: EndableIterator<T> = {
    dropped: 0,
    push: (value) => {
      const reader = readers.shift();
      if (reader !== undefined) return reader({ done: false, value });
      if (items.push(value) > MAX_ITEMS) {
        items.shift();
        iterator.dropped++;
      }
    },
    end: () => {
      if (isEnded) return;
      isEnded = true;
      onEnd();
      for (const reader of readers.splice(0)) reader(last);
    },
    next: async () => {
      if (items.length > 0) return { done: false, value: items.shift() as T }; // there is one
      return isEnded ? last : new Promise((resolve) => readers.push(resolve));
    },
    return: () => {
      items.length = 0;
      iterator.end();
      return iterator.next();
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
