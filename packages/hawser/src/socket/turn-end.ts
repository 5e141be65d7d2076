/** What has bytes gathered that should leave at the end of the turn. */
export interface Flushable {
  flush(): void;
}

/** Flushes everybody who asked once, at the end of the turn: one microtask however many connections were written to. */
export class TurnEnd {
  readonly #defer: (callback: () => void) => void;
  #waiting: Flushable[] = [];

  constructor(defer: (callback: () => void) => void) {
    this.#defer = defer;
  }

  add(target: Flushable): void {
    if (this.#waiting.push(target) === 1) this.#defer(this.#run);
  }

  readonly #run = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const target of waiting) target.flush();
  };
}
