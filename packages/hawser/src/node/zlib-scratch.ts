/** Takes output of a length not known before: in one array that is used again, and in copies of it once it is full. */
export class Scratch {
  readonly bytes: Uint8Array;
  #full: Uint8Array[] = [];
  #fullBytes = 0;
  /** How much of `bytes` is taken. */
  #used = 0;

  constructor(bytes: number) {
    this.bytes = new Uint8Array(bytes);
  }

  /** Bytes taken in all. */
  get total(): number {
    return this.#fullBytes + this.#used;
  }

  /** Where free room begins; there is always some. */
  get start(): number {
    return this.#used;
  }

  /** Marks the room before `end` as taken. */
  take(end: number): void {
    this.#used = end;
    if (end < this.bytes.length) return;
    this.#full.push(this.bytes.slice());
    this.#fullBytes += end;
    this.#used = 0;
  }

  /** All that was taken but the last `dropped` bytes, in new memory; then it is empty. */
  finish(dropped: number): Uint8Array {
    const length = Math.max(0, this.total - dropped);
    if (this.#full.length === 0) {
      this.#used = 0;
      return this.bytes.slice(0, length);
    }
    const joined = new Uint8Array(length);
    let at = 0;
    for (const part of [...this.#full, this.bytes.subarray(0, this.#used)]) {
      const kept = part.subarray(0, length - at);
      joined.set(kept, at);
      at += kept.length;
    }
    this.clear();
    return joined;
  }

  clear(): void {
    this.#full = [];
    this.#fullBytes = 0;
    this.#used = 0;
  }
}
