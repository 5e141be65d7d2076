/**
 * Counts the bytes of memory that connections hold: what was received and not yet delivered, what waits to be sent. One
 * for the process, told by every connection; whatever is added is taken off again by the time the connection is over.
 */
export class Ledger {
  #bytes = 0;
  #connections = 0;

  /** Bytes held at this moment by all connections. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Connections that are not over. */
  get connections(): number {
    return this.#connections;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  open(): void {
    this.#connections++;
  }

  close(): void {
    this.#connections--;
  }
}
