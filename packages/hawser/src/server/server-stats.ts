/** How a server is: what it holds now, and what it has refused and cut off since it was made. */
export interface ServerStats {
  /** WebSockets that are not over. */
  readonly connections: number;
  /** Whether a handshake that came now would be refused, for want of a place or of memory. */
  readonly isOverloaded: boolean;
  /** What connections of the process hold, by its account, and the limit on it. */
  readonly heldBytes: number;
  readonly maxMemoryBytes: number;
  /** Handshakes and requests refused, by the rule that they met. */
  readonly refused: Readonly<Record<string, number>>;
  /** Connections that ended without a closing handshake, or by a fault. */
  readonly unclean: number;
  /** Connections closed with 1013, because memory ran short. */
  readonly shed: number;
}

/** Rules are ours, and codes the parser's; nobody else can add one. */
const MAX_NAMES = 200;

/** Counts by name. Whatever the names are, the number of them is bounded. */
export class Counters {
  readonly #counts: Map<string, number> = new Map();

  add(name: string): void {
    const key = this.#counts.has(name) || this.#counts.size < MAX_NAMES ? name : "other";
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  read(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
