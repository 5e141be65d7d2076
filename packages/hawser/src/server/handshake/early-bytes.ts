/** What a client may send behind its request while `admit` decides. Honest clients wait for the 101. */
const MAX_EARLY_BYTES = 16 * 1024;

/** Keeps what arrives before the 101, up to a bound; it is processed right behind the 101, in order. */
export class EarlyBytes {
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** @returns false when there is more than may be kept; the connection is then to be refused */
  add(chunk: Uint8Array): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_EARLY_BYTES) {
      this.#chunks = [];
      return false;
    }
    if (chunk.length > 0) this.#chunks.push(chunk);
    return true;
  }

  take(): Uint8Array {
    const [only] = this.#chunks;
    if (this.#chunks.length === 1 && only !== undefined) return only;
    return Buffer.concat(this.#chunks);
  }
}
