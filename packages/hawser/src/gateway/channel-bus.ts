import { createDeferred, type Deferred, quiet } from "../internal/deferred.js";
import type { BackplaneNode } from "./backplane.js";

/** What is known of one channel at the backplane. */
interface Entry {
  /** Who wants it here: members, and those about to be. */
  holders: number;
  subscribed: boolean;
  /** Whether something is asked of the backplane now; it sees to what is wanted then. */
  busy: boolean;
  readonly waiters: Deferred<void>[];
}

/**
 * A node's subscriptions at the backplane: one for each channel that somebody here wants, however fast they come and go. For one
 * channel one thing is asked of the backplane at a time. A channel that nobody wants is forgotten at once.
 */
export class ChannelBus {
  readonly #backplane: BackplaneNode;
  readonly #onError: (error: unknown) => void;
  readonly #entries: Map<string, Entry> = new Map();

  /** `onError` gets what the backplane failed at when nobody waits for it. */
  constructor(backplane: BackplaneNode, onError: (error: unknown) => void) {
    this.#backplane = backplane;
    this.#onError = onError;
  }

  /** Channels held, or about to be given back. */
  get size(): number {
    return this.#entries.size;
  }

  /** Holds a channel. undefined: it is subscribed already. A promise that rejects holds nothing. */
  acquire(name: string): Promise<void> | undefined {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { holders: 1, subscribed: false, busy: false, waiters: [] };
      this.#entries.set(name, entry);
      const waiter = this.#waitFor(entry);
      void this.#reconcile(name, entry);
      return waiter;
    }
    entry.holders++;
    return entry.subscribed ? undefined : this.#waitFor(entry);
  }

  /** Gives back what `acquire` held. */
  release(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.holders--;
    if (entry.holders === 0 && !entry.busy) void this.#reconcile(name, entry);
  }

  #waitFor(entry: Entry): Promise<void> {
    const waiter = createDeferred<void>();
    entry.waiters.push(waiter);
    return quiet(waiter.promise);
  }

  /** Brings the backplane to what is wanted here, which may change meanwhile. Runs once at a time for a channel; never rejects. */
  async #reconcile(name: string, entry: Entry): Promise<void> {
    entry.busy = true;
    while (entry.holders > 0 !== entry.subscribed) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
      if (entry.subscribed) await this.#unsubscribe(name, entry);
      // oxlint-disable-next-line no-await-in-loop -- the same
      else await this.#subscribe(name, entry);
    }
    entry.busy = false;
    if (entry.holders === 0) this.#entries.delete(name);
  }

  async #subscribe(name: string, entry: Entry): Promise<void> {
    try {
      await this.#backplane.subscribe(name);
      entry.subscribed = true;
      for (const waiter of entry.waiters.splice(0)) waiter.resolve();
    } catch (error) {
      const failed = entry.waiters.splice(0);
      entry.holders -= failed.length;
      for (const waiter of failed) waiter.reject(error);
    }
  }

  async #unsubscribe(name: string, entry: Entry): Promise<void> {
    // whoever comes now waits for the next turn of the loop
    entry.subscribed = false;
    try {
      await this.#backplane.unsubscribe(name);
    } catch (error) {
      this.#onError(error);
    }
  }
}
