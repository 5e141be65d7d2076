import { ConnectionError } from "../internal/errors.js";
import { TokenBucket } from "../internal/token-bucket.js";
import { inflateCost, type Inflater } from "../protocol/index.js";
import type { Runtime } from "./runtime.js";

/**
 * Inflates no more in a second than it may, for a peer whose small messages become large ones as fast as they come. What is
 * too much waits, and with it everything behind it: an honest peer on a fast link is slowed down, not cut off.
 */
export class PacedInflater implements Inflater {
  readonly #inflater: Inflater;
  readonly #runtime: Runtime;
  readonly #budget: TokenBucket;
  /** Ends the wait, if there is one. */
  #stopWaiting: (() => void) | null = null;

  constructor(inflater: Inflater, runtime: Runtime, maxBytesPerSecond: number) {
    this.#inflater = inflater;
    this.#runtime = runtime;
    this.#budget = new TokenBucket(maxBytesPerSecond, maxBytesPerSecond, runtime.clock.now());
  }

  inflate(piece: Uint8Array, last: boolean, maxBytes: number): Uint8Array | Promise<Uint8Array> {
    const waitMs = this.#budget.debtMs(this.#runtime.clock.now());
    if (waitMs > 0) return this.#sleep(waitMs).then(() => this.#inflate(piece, last, maxBytes));
    return this.#inflate(piece, last, maxBytes);
  }

  close(): void {
    this.#stopWaiting?.();
    this.#inflater.close();
  }

  #inflate(piece: Uint8Array, last: boolean, maxBytes: number): Uint8Array | Promise<Uint8Array> {
    const output = this.#inflater.inflate(piece, last, maxBytes);
    if (output instanceof Promise) return output.then((bytes) => this.#count(piece, bytes));
    return this.#count(piece, output);
  }

  #count(piece: Uint8Array, output: Uint8Array): Uint8Array {
    this.#budget.spend(inflateCost(piece.length, output.length), this.#runtime.clock.now());
    return output;
  }

  #sleep(waitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const call = this.#runtime.clock.schedule(() => {
        this.#stopWaiting = null;
        resolve();
      }, waitMs);
      const stop = (): void => {
        call.cancel();
        this.#stopWaiting = null;
        reject(new ConnectionError("ABORTED", "the connection was closed"));
      };
      this.#stopWaiting = stop;
    });
  }
}
