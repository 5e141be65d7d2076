import { Fifo } from "../internal/fifo.js";

/**
 * Work that takes longer than one turn of the event loop may: large messages, slice by slice. At most so many are under way
 * at once, in the order they came; the others wait with nothing but their input.
 */
export class SlicedWork {
  readonly #max: number;
  readonly #nextTurn: (callback: () => void) => void;
  readonly #waiting = new Fifo<() => void>();
  #active = 0;

  constructor(max: number, nextTurn: (callback: () => void) => void) {
    this.#max = max;
    this.#nextTurn = nextTurn;
  }

  /** Whether the next one has to wait for others. */
  get full(): boolean {
    return this.#active >= this.#max;
  }

  /**
   * Calls `advance` until it answers true, each time in a turn of its own.
   * @throws (rejects) what `advance` throws
   */
  run(advance: () => boolean): Promise<void> {
    return this.hold(async () => {
      let done = false;
      while (!done) {
        // oxlint-disable-next-line no-await-in-loop -- giving the turn away is the point
        await new Promise<void>((resolve) => this.#nextTurn(resolve));
        done = advance();
      }
    });
  }

  /** Does `work` as one of those under way. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.full) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#active++;
    try {
      return await work();
    } finally {
      // the place goes over to the one who waits longest
      const next = this.#waiting.shift();
      if (next === undefined) this.#active--;
      else next();
    }
  }
}
