import type { ByteOperations } from "../internal/bytes.js";

const BLOCK_BYTES = 64 * 1024;

/** The largest piece that is worth copying into the block; more is cheaper to hand over as it is. */
export const BLOCK_PIECE_BYTES: number = 8 * 1024;

/**
 * Scratch memory that all send queues of a process cut their small frames from, one after the other. A piece that was cut
 * is never written again while a transport may still read it (one that does not copy may for ever); a block that is used up is left to the garbage collector.
 */
export class WriteBlock {
  readonly #bytes: ByteOperations;
  #buffer: Uint8Array | null = null;
  /** Where the free part of `buffer` begins. */
  used = 0;

  constructor(bytes: ByteOperations) {
    this.#bytes = bytes;
  }

  get buffer(): Uint8Array {
    return (this.#buffer ??= this.#bytes.allocate(BLOCK_BYTES));
  }

  /** Makes sure that `bytes` bytes are free behind `used`; `buffer` may be another one afterwards. */
  reserve(bytes: number): void {
    if (this.used + bytes <= BLOCK_BYTES) return;
    this.#buffer = this.#bytes.allocate(BLOCK_BYTES);
    this.used = 0;
  }
}
