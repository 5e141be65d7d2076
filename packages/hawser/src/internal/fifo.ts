/** What all that are empty share; it is never written to, as it has no room. */
const NONE: undefined[] = [];

/** A first-in-first-out queue on a ring that doubles: constant time at both ends, small while empty. */
export class Fifo<T> {
  #ring: (T | undefined)[] = NONE;
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = item;
    this.#size++;
  }

  /** The oldest item, left in place. */
  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head];
  }

  /** Takes the oldest item out. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    if (this.#size === 0 && this.#ring.length > 64) this.clear();
    return item;
  }

  /** Takes every item that `matches` out, in order. */
  remove(matches: (item: T) => boolean): T[] {
    const kept = new Fifo<T>();
    const removed: T[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) {
      if (matches(item)) removed.push(item);
      else kept.push(item);
    }
    this.#ring = kept.#ring;
    this.#head = kept.#head;
    this.#size = kept.#size;
    return removed;
  }

  clear(): void {
    this.#ring = NONE;
    this.#head = 0;
    this.#size = 0;
  }

  #grow(): void {
    const items = Array.from({ length: this.#size }, (_, i) => this.#ring[(this.#head + i) & (this.#ring.length - 1)]);
    items.length = Math.max(4, this.#size * 2);
    this.#ring = items;
    this.#head = 0;
  }
}
