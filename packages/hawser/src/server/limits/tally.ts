/** A count with a limit: those within it hold a place, those beyond it only wait to be told so. */
export class Tally {
  readonly #limit: number;
  #held = 0;
  #beyond = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get hasRoom(): boolean {
    return this.#held < this.#limit;
  }

  get beyond(): number {
    return this.#beyond;
  }

  get size(): number {
    return this.#held + this.#beyond;
  }

  /** Counts one more; answers whether it holds a place. */
  enter(): boolean {
    if (!this.hasRoom) {
      this.#beyond++;
      return false;
    }
    this.#held++;
    return true;
  }

  /** Gives a place that has become free to one that is beyond; false when there is none. */
  promote(): boolean {
    if (!this.hasRoom) return false;
    this.#beyond--;
    this.#held++;
    return true;
  }

  /** Counts one less; `held` says whether it held a place. */
  leave(held: boolean): void {
    if (held) this.#held--;
    else this.#beyond--;
  }
}
