import type { ByteOperations } from "../internal/bytes.js";

export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** What a message may be given beyond twice the bytes that came, so that tiny pieces do not grow it again and again. */
const SLACK_BYTES = 256;

/**
 * The message that frames and reads cut into pieces, in one growing array: what is held depends on the bytes that came, not
 * on their number of pieces nor on an announced length. Of a message whose length is known two bytes are copied for each
 * that came, however small the pieces; else four.
 */
export class MessageAssembly {
  readonly #bytes: ByteOperations;
  #memory: Uint8Array = NO_BYTES;
  #length = 0;

  constructor(bytes: ByteOperations) {
    this.#bytes = bytes;
  }

  /** How many bytes have come. */
  get length(): number {
    return this.#length;
  }

  /** How many bytes are allocated. */
  get capacity(): number {
    return this.#memory.length;
  }

  /** Appends `source[start, end)`. The message will have at most `expected` bytes in all, this piece included. */
  append(source: Uint8Array, start: number, end: number, expected: number): void {
    const length = this.#length + end - start;
    if (length > this.#memory.length) this.#resize(chooseCapacity(length, expected));
    this.#bytes.copy(source, start, end, this.#memory, this.#length);
    this.#length = length;
  }

  /**
   * Gives the message away, and is empty again. Where more was allocated than came, it is a copy: the rest of the memory was
   * never written, and may show what was there before.
   */
  take(): Uint8Array {
    if (this.#memory.length > this.#length) this.#resize(this.#length);
    const memory = this.#memory;
    this.#memory = NO_BYTES;
    this.#length = 0;
    return memory;
  }

  #resize(capacity: number): void {
    const memory = this.#bytes.allocate(capacity);
    this.#bytes.copy(this.#memory, 0, this.#length, memory, 0);
    this.#memory = memory;
  }
}

/** The expected length or a half, a quarter, … of it, so that what is copied in growing adds up to less than the length. */
function chooseCapacity(length: number, expected: number): number {
  let capacity = expected;
  while (capacity > 2 * length + SLACK_BYTES) capacity = Math.ceil(capacity / 2);
  return capacity;
}
