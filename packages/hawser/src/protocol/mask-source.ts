/** Asking the random source once for many keys costs a fraction of asking for each. */
const POOL_BYTES = 4096;

/**
 * Masking keys for a client's frames. Each comes fresh from the random source and is given out once, so that nobody who
 * chooses the payload can choose the bytes on the wire (RFC 6455 §5.3, §10.3).
 */
export class MaskSource {
  readonly #fillRandom: (target: Uint8Array) => void;
  readonly #allocate: (bytes: number) => Uint8Array;
  #pool: Uint8Array | null = null;
  #position = POOL_BYTES;

  /** `fillRandom` fills all of its argument from a cryptographically strong source. */
  constructor(fillRandom: (target: Uint8Array) => void, allocate: (bytes: number) => Uint8Array) {
    this.#fillRandom = fillRandom;
    this.#allocate = allocate;
  }

  /** The next key, 0 to 2^32-1, its first octet on the wire highest. */
  next(): number {
    const pool = (this.#pool ??= this.#allocate(POOL_BYTES));
    if (this.#position === POOL_BYTES) {
      this.#fillRandom(pool);
      this.#position = 0;
    }
    const at = this.#position;
    this.#position = at + 4;
    // the position is a multiple of 4 below POOL_BYTES, so all four octets are there
    const high = ((pool[at] as number) << 24) | ((pool[at + 1] as number) << 16);
    return (high | ((pool[at + 2] as number) << 8) | (pool[at + 3] as number)) >>> 0;
  }
}
