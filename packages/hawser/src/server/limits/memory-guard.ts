import { CONNECTION_BYTES } from "../../internal/ledger.js";
import type { Ledger } from "../../internal/ledger.js";
import { WheelTimer } from "../../internal/timer-wheel.js";
import type { Runtime } from "../../socket/index.js";
import type { Logger } from "../logs/logger.js";

/**
 * Keeps the connections of the process within a limit on memory, before the system ends the process.
 *
 * Two things are looked at. The ledger knows at once what connections hold, so it bounds a flood; but only what they hold by
 * its account. The real size of the process, and of the engine's heap, is looked at once a second; it has everything in it,
 * but does not have to come down when memory is given back (the allocator keeps it), and may have nothing to do with
 * connections. So it may only take slowly, and never all: below a part of the limit it is not they who fill the memory.
 *
 * Who goes: the newest of those that hold at least the average. The very newest would mostly be connections that hold
 * nothing; thousands of them would go for a few that fill their queues. The ledger is the process's; of several servers
 * each sheds connections of its own.
 */

/** Parts of `maxMemoryBytes`: from here on nobody is let in; down to here it is shed. */
const REFUSE_AT = 0.8;
const SHED_TO = 0.9;

/** Parts of the real limit: from here on nobody is let in, and shed slowly; from there on faster; below this, not at all. */
const TIGHT_AT = 0.9;
const CRITICAL_AT = 0.95;
const FLOOR = 0.1;

/** How often the real size is looked at, and how many looks there are from one shedding to the next while it is tight. */
const LOOK_EVERY_MS = 1000;
const TIGHT_LOOKS = 5;

/** The part of what connections hold that goes in one shedding for the real size. */
const SHED_PART = 0.1;

/**
 * So many connections are closed at a time, and the next after so long: each costs a report, handlers, a log line. But at
 * the end of a turn no more than the limit is held, whatever that costs: peers fill their queues as fast as they are read.
 */
const MAX_AT_ONCE = 50;
const NEXT_AFTER_MS = 20;

/** How long a connection that is shed may take to read why. */
const LINGER_MS = 1000;

/** What the guard needs of a connection. */
export interface Sheddable {
  readonly heldBytes: number;
  /** Drops what it holds, and tells the peer to come again later. */
  shed(limit: number): void;
  abort(reason?: string): void;
}

export interface MemoryGuardOptions {
  /** Infinity: no limit, and nothing is looked at. */
  readonly maxMemoryBytes: number;
  /** The server's own connections, the oldest first. */
  readonly sockets: ReadonlySet<Sheddable>;
  readonly runtime: Pick<Runtime, "clock" | "wheel" | "turnEnd" | "resources"> & { readonly ledger: Ledger };
  readonly log: Logger;
}

export class MemoryGuard {
  readonly #options: MemoryGuardOptions;
  readonly #look: WheelTimer;
  readonly #next: WheelTimer;
  /** Shed, and not over yet, with since when. What they still hold is as good as given back. */
  readonly #leaving: Map<Sheddable, number> = new Map();
  #endWatch: (() => void) | null = null;
  #asked = false;
  /** What is to be held at most, while connections are being shed. */
  #target: number | null = null;
  #tight = false;
  #tightLooks = 0;
  #warned = false;

  constructor(options: MemoryGuardOptions) {
    this.#options = options;
    this.#look = new WheelTimer(() => this.#onLook());
    this.#next = new WheelTimer(() => this.#shed());
  }

  /** Whether memory has run short: nobody is to be let in. */
  get isShort(): boolean {
    const { maxMemoryBytes } = this.#options;
    return (
      maxMemoryBytes !== Infinity &&
      (this.#tight || this.#options.runtime.ledger.chargedBytes >= REFUSE_AT * maxMemoryBytes)
    );
  }

  /** A connection is open. Told of each; from the first to the last the guard is at work. */
  onOpen(): void {
    if (this.#endWatch !== null || this.#options.maxMemoryBytes === Infinity) return;
    const { maxMemoryBytes, runtime } = this.#options;
    this.#endWatch = runtime.ledger.watch({ limitBytes: maxMemoryBytes, onExceeded: () => this.#onExceeded() });
    runtime.wheel.arm(this.#look, LOOK_EVERY_MS);
  }

  /** A connection is over. */
  onClosed(socket: Sheddable): void {
    this.#leaving.delete(socket);
    if (this.#options.sockets.size > 0) return;
    const { wheel } = this.#options.runtime;
    wheel.cancel(this.#look);
    wheel.cancel(this.#next);
    this.#endWatch?.();
    this.#endWatch = null;
    this.#target = null;
    this.#tight = false;
    this.#tightLooks = 0;
    this.#warned = false;
  }

  /** What is charged for connections that stay. */
  get #staying(): number {
    const { chargedBytes } = this.#options.runtime.ledger;
    return [...this.#leaving.keys()].reduce((bytes, socket) => bytes - cost(socket), chargedBytes);
  }

  /** In the middle of a read or a call; connections are only closed when it is over. */
  #onExceeded(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#options.runtime.turnEnd.add(this);
  }

  /** The end of the turn. */
  flush(): void {
    this.#asked = false;
    const { maxMemoryBytes } = this.#options;
    const heldBytes = this.#staying;
    if (this.#endWatch === null || heldBytes <= maxMemoryBytes) return;
    this.#warn({ heldBytes, maxMemoryBytes });
    this.#begin(SHED_TO * maxMemoryBytes);
  }

  #onLook(): void {
    const { runtime } = this.#options;
    const { usedBytes, limitBytes } = runtime.resources.readMemoryUse();
    const part = usedBytes / limitBytes;
    this.#tight = part >= TIGHT_AT;
    this.#tightLooks = this.#tight ? this.#tightLooks + 1 : 0;
    const isDue = part >= CRITICAL_AT || (this.#tight && this.#tightLooks % TIGHT_LOOKS === 0);
    const heldBytes = this.#staying;
    const floor = FLOOR * limitBytes;
    if (this.isShort) this.#warn({ usedBytes, limitBytes, heldBytes });
    else this.#warned = false;
    if (isDue && this.#target === null && heldBytes > floor) {
      this.#begin(Math.max((1 - SHED_PART) * heldBytes, floor));
    }
    runtime.wheel.arm(this.#look, LOOK_EVERY_MS);
  }

  #begin(target: number): void {
    this.#target = Math.min(target, this.#target ?? Infinity);
    this.#shed();
  }

  /** Once until it is over. */
  #warn(readings: Readonly<Record<string, number>>): void {
    if (this.#warned) return;
    this.#warned = true;
    const fields = { ...readings, connections: this.#options.sockets.size };
    this.#options.log.warn(fields, "memory runs short: new connections are refused, and some may be closed");
  }

  /** Closes some connections, and comes again while there is more to do or somebody still leaves. */
  #shed(): void {
    const { runtime, maxMemoryBytes } = this.#options;
    const now = runtime.clock.now();
    for (const [socket, sinceMs] of this.#leaving) {
      if (now - sinceMs >= LINGER_MS) socket.abort("memory ran short");
    }
    if (this.#target !== null) {
      const chosen = this.#choose(this.#target);
      for (const socket of chosen) {
        this.#leaving.set(socket, now);
        socket.shed(maxMemoryBytes);
      }
      // what is left is held by others: connections of another server, or a client's
      if (chosen.length === 0 || this.#staying <= this.#target) this.#target = null;
    }
    if (this.#target !== null || this.#leaving.size > 0) runtime.wheel.arm(this.#next, NEXT_AFTER_MS);
  }

  /** The newest that hold at least the average, until no more than `target` is held, within the limit not too many at once. */
  #choose(target: number): Sheddable[] {
    const { runtime, maxMemoryBytes } = this.#options;
    const { chargedBytes, bytes } = runtime.ledger;
    // who holds nothing goes only where connections alone are too many
    const isCrowd = chargedBytes - bytes > target;
    const staying = [...this.#options.sockets].filter((socket) => !this.#leaving.has(socket));
    const average = staying.reduce((sum, socket) => sum + socket.heldBytes, 0) / staying.length;
    const chosen: Sheddable[] = [];
    let held = this.#staying;
    for (const socket of staying.toReversed()) {
      if (held <= target || (chosen.length >= MAX_AT_ONCE && held <= maxMemoryBytes)) break;
      if (socket.heldBytes < average || (socket.heldBytes === 0 && !isCrowd)) continue;
      chosen.push(socket);
      held -= cost(socket);
    }
    return chosen;
  }
}

function cost(socket: Sheddable): number {
  return socket.heldBytes + CONNECTION_BYTES;
}
