import { WheelTimer } from "../internal/timer-wheel.js";
import type { Runtime } from "../socket/index.js";
import type { GatewayLimits } from "./gateway-types.js";
import type { GatewaySession } from "./session.js";

/** What an entry takes beside its texts. */
const ENTRY_BYTES = 400;

/** Who holds more than this part of the budget makes room from his own when it is full. */
const FAIR_SHARE = 1 / 8;

type StoredResponseLimits = Pick<GatewayLimits, "storedResponseMs" | "maxStoredResponseBytes">;

/** Whoever waits for the response of an action that runs for another of its requests. */
export interface ResponseWaiter {
  /** undefined: the action was given up without a response. */
  onResponse(text: string | undefined, outcome: string): void;
}

/** An idempotent action that runs, or ran. */
export interface StoredEntry {
  readonly key: string;
  /** What the action was asked with. */
  readonly fingerprint: string;
  /** Who asked first. */
  readonly session: GatewaySession;
  /** undefined while it runs. */
  response: string | undefined;
  outcome: string;
  /** Those of the same session that asked again; null: nobody. */
  waiters: Set<ResponseWaiter> | null;
  /** Stops what runs, as far as it can be stopped. */
  readonly abort: () => void;
  expiresAtMs: number;
  bytes: number;
  /** Whose it is; null while it is not kept. */
  share: Share | null;
}

/** What is kept for one user, the oldest first. */
interface Share {
  readonly user: string;
  readonly entries: Set<StoredEntry>;
  bytes: number;
}

/** The responses of idempotent actions, for a time and within a budget: `docs/PROTOCOL.md`, section 3. */
export class StoredResponses {
  readonly #limits: StoredResponseLimits;
  readonly #runtime: Pick<Runtime, "clock" | "wheel">;
  /** Those whose request still waits, which its time ends. */
  readonly #running: Map<string, StoredEntry> = new Map();
  /** Those that finished, or whose request was given up, in that order: all are kept equally long. */
  readonly #kept: Map<string, StoredEntry> = new Map();
  /** By user. */
  readonly #shares: Map<string, Share> = new Map();
  readonly #timer: WheelTimer = new WheelTimer(() => this.#expire());
  #bytes = 0;

  constructor(limits: StoredResponseLimits, runtime: Pick<Runtime, "clock" | "wheel">) {
    this.#limits = limits;
    this.#runtime = runtime;
  }

  /** Bytes held, as counted: two for each UTF-16 unit. */
  get bytes(): number {
    return this.#bytes;
  }

  find(key: string): StoredEntry | undefined {
    return this.#running.get(key) ?? this.#kept.get(key);
  }

  begin(entry: Pick<StoredEntry, "key" | "fingerprint" | "session" | "abort">): StoredEntry {
    const begun: StoredEntry = {
      ...entry,
      response: undefined,
      outcome: "",
      waiters: null,
      expiresAtMs: Infinity,
      bytes: 0,
      share: null,
    };
    this.#running.set(entry.key, begun);
    return begun;
  }

  /** The request is not waited for any more, but what it asked for goes on: its response will be stored. */
  abandon(entry: StoredEntry): void {
    if (entry.response === undefined && this.#running.get(entry.key) === entry) this.#keep(entry);
  }

  /** The action is over. `text` undefined: not to be stored, as there is nothing, or as the same may come out otherwise next time. */
  finish(entry: StoredEntry, text: string | undefined, outcome: string): void {
    if (this.find(entry.key) === entry) {
      entry.response = text;
      entry.outcome = outcome;
      if (text === undefined) this.#drop(entry);
      else this.#keep(entry);
    }
  }

  /** Gives whoever waits the response. After `finish`, so that what they do next finds things in order. */
  tellWaiters(entry: StoredEntry, text: string | undefined, outcome: string): void {
    const { waiters } = entry;
    entry.waiters = null;
    for (const waiter of waiters ?? []) waiter.onResponse(text, outcome);
  }

  clear(): void {
    this.#running.clear();
    this.#kept.clear();
    this.#shares.clear();
    this.#bytes = 0;
    this.#runtime.wheel.cancel(this.#timer);
  }

  #keep(entry: StoredEntry): void {
    this.#drop(entry);
    const { storedResponseMs, maxStoredResponseBytes } = this.#limits;
    entry.bytes = 2 * (entry.key.length + entry.fingerprint.length + (entry.response?.length ?? 0)) + ENTRY_BYTES;
    entry.expiresAtMs = this.#runtime.clock.now() + storedResponseMs;
    // one alone must not cost all others theirs
    if (entry.bytes > maxStoredResponseBytes) return;
    this.#kept.set(entry.key, entry);
    this.#bytes += entry.bytes;
    const share = this.#shareOf(entry.session.user.id);
    entry.share = share;
    share.entries.add(entry);
    share.bytes += entry.bytes;
    while (this.#bytes > maxStoredResponseBytes) {
      const isGreedy = share.bytes > maxStoredResponseBytes * FAIR_SHARE;
      const [oldest] = isGreedy ? share.entries : this.#kept.values();
      if (oldest === undefined) break;
      this.#drop(oldest);
    }
    if (!this.#timer.armed) this.#runtime.wheel.arm(this.#timer, storedResponseMs);
  }

  #drop(entry: StoredEntry): void {
    if (this.#running.get(entry.key) === entry) this.#running.delete(entry.key);
    if (this.#kept.get(entry.key) !== entry) return;
    this.#kept.delete(entry.key);
    this.#bytes -= entry.bytes;
    const { share } = entry;
    entry.share = null;
    if (share === null) return;
    share.entries.delete(entry);
    share.bytes -= entry.bytes;
    if (share.entries.size === 0) this.#shares.delete(share.user);
  }

  #shareOf(user: string): Share {
    let share = this.#shares.get(user);
    if (share === undefined) {
      share = { user, entries: new Set(), bytes: 0 };
      this.#shares.set(user, share);
    }
    return share;
  }

  #expire(): void {
    const now = this.#runtime.clock.now();
    for (const entry of this.#kept.values()) {
      const leftMs = entry.expiresAtMs - now;
      if (leftMs > 0) {
        this.#runtime.wheel.arm(this.#timer, leftMs);
        return;
      }
      this.#drop(entry);
    }
  }
}
