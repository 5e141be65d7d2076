import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { createDeferred } from "../../internal/deferred.js";
import type { Deferred } from "../../internal/deferred.js";

interface DueAnswers {
  count: number;
  readonly forget: () => void;
}

/** Counts the plain requests of each connection that are not answered yet: a client may send several without waiting. */
export class UnansweredRequests {
  readonly #due: Map<Duplex, DueAnswers> = new Map();
  #none: Deferred<void> | null = null;

  /** Answers how many are due on the connection now. */
  add(stream: Duplex, response: ServerResponse): number {
    const due = this.#due.get(stream) ?? this.#begin(stream);
    due.count++;
    response.once("close", () => {
      if (--due.count === 0) due.forget();
    });
    return due.count;
  }

  /** Whether an answer is due on the connection: a 101 written now would pass for it. */
  has(stream: Duplex): boolean {
    return this.#due.has(stream);
  }

  /** Settles when no request waits for its answer. */
  async whenNone(): Promise<void> {
    if (this.#due.size === 0) return;
    this.#none ??= createDeferred();
    await this.#none.promise;
  }

  /** Ends the connections on which an answer is due. */
  destroyStreams(): void {
    for (const stream of this.#due.keys()) stream.destroy();
  }

  /** With the connection its answers are lost; Node closes only the first of them. */
  #begin(stream: Duplex): DueAnswers {
    const forget = (): void => {
      stream.off("close", forget);
      if (this.#due.get(stream) === due) this.#due.delete(stream);
      if (this.#due.size === 0) this.#none?.resolve();
    };
    const due = { count: 0, forget };
    this.#due.set(stream, due);
    stream.once("close", forget);
    return due;
  }
}
