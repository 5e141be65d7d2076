import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { createDeferred } from "../internal/deferred.js";
import type { Deferred } from "../internal/deferred.js";

/** Counts the plain requests of each connection that are not answered yet: a client may send several without waiting. */
export class UnansweredRequests {
  readonly #counts: Map<Duplex, number> = new Map();
  #none: Deferred<void> | null = null;

  add(stream: Duplex, response: ServerResponse): void {
    this.#counts.set(stream, (this.#counts.get(stream) ?? 0) + 1);
    response.once("close", () => this.#answered(stream));
  }

  /** Whether an answer is due on the connection: a 101 written now would pass for it. */
  has(stream: Duplex): boolean {
    return this.#counts.has(stream);
  }

  /** Settles when no request waits for its answer. */
  async whenNone(): Promise<void> {
    if (this.#counts.size === 0) return;
    this.#none ??= createDeferred();
    await this.#none.promise;
  }

  #answered(stream: Duplex): void {
    const left = (this.#counts.get(stream) ?? 1) - 1;
    if (left > 0) this.#counts.set(stream, left);
    else this.#counts.delete(stream);
    if (this.#counts.size === 0) this.#none?.resolve();
  }
}
