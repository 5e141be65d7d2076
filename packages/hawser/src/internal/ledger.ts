/** What an open connection is charged with beside its data: its objects here, those of the platform, the system's own. */
export const CONNECTION_BYTES = 8192;

/** Told when more is charged than its limit. */
export interface LedgerWatcher {
  readonly limitBytes: number;
  /** Called in the middle of whatever asked for memory, again and again: only take a note. */
  onExceeded(): void;
}

/**
 * Counts the bytes of memory that connections hold: what was received and not yet delivered, what waits to be sent. One
 * for the process, told by every connection; whatever is added is taken off again by the time the connection is over.
 */
export class Ledger {
  #bytes = 0;
  #connections = 0;
  readonly #watchers: Set<LedgerWatcher> = new Set();
  #lowestLimit = Infinity;

  /** Bytes held at this moment by all connections. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Connections that are not over. */
  get connections(): number {
    return this.#connections;
  }

  /** What counts against a limit: the bytes held, and a sum for each connection that is open. */
  get chargedBytes(): number {
    return this.#bytes + this.#connections * CONNECTION_BYTES;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (bytes > 0) this.#check();
  }

  open(): void {
    this.#connections++;
    this.#check();
  }

  close(): void {
    this.#connections--;
  }

  /** Returns what ends the watch. */
  watch(watcher: LedgerWatcher): () => void {
    this.#watchers.add(watcher);
    this.#findLowest();
    return () => {
      this.#watchers.delete(watcher);
      this.#findLowest();
    };
  }

  #check(): void {
    const charged = this.chargedBytes;
    if (charged <= this.#lowestLimit) return;
    for (const watcher of this.#watchers) {
      if (charged > watcher.limitBytes) watcher.onExceeded();
    }
  }

  #findLowest(): void {
    this.#lowestLimit = Math.min(...[...this.#watchers].map((watcher) => watcher.limitBytes));
  }
}
