import type { Ledger } from "../internal/ledger.js";
import type { Span } from "./zlib-handle.js";

/**
 * Takes output of a length not known before. It is written to memory that all messages share and copied from there when that
 * is full, when the work is interrupted (`park`), and at the end. What a message has made so far is counted in the ledger.
 */
export class Output {
  readonly #shared: Uint8Array;
  readonly #ledger: Pick<Ledger, "add"> | undefined;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  /** How much of the shared memory is taken. */
  #used = 0;

  constructor(shared: Uint8Array, ledger?: Pick<Ledger, "add">) {
    this.#shared = shared;
    this.#ledger = ledger;
  }

  /** Bytes taken in all. */
  get total(): number {
    return this.#partBytes + this.#used;
  }

  /** Where the next bytes may go, `maxBytes` at most; there is always room for one. */
  room(maxBytes: number = Infinity): Span {
    return { bytes: this.#shared, start: this.#used, end: Math.min(this.#shared.length, this.#used + maxBytes) };
  }

  /** Marks the room before `end` as taken. */
  take(end: number): void {
    this.#used = end;
    if (end === this.#shared.length) this.park();
  }

  /** Leaves the shared memory to others. */
  park(): void {
    if (this.#used === 0) return;
    this.#parts.push(this.#shared.slice(0, this.#used));
    this.#partBytes += this.#used;
    this.#ledger?.add(this.#used);
    this.#used = 0;
  }

  /** All that was taken but the last `dropped` bytes, in new memory; then it is empty. */
  finish(dropped: number): Uint8Array {
    const last = this.#shared.subarray(0, this.#used);
    const joined = joinParts([...this.#parts, last], dropped);
    this.drop();
    return joined;
  }

  drop(): void {
    this.#ledger?.add(-this.#partBytes);
    this.#parts = [];
    this.#partBytes = 0;
    this.#used = 0;
  }
}

/** All bytes of `parts` but the last `dropped`, in new memory. */
export function joinParts(parts: readonly Uint8Array[], dropped: number): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0) - dropped;
  const joined = new Uint8Array(Math.max(0, length));
  let at = 0;
  for (const part of parts) {
    const kept = part.subarray(0, joined.length - at);
    joined.set(kept, at);
    at += kept.length;
  }
  return joined;
}
