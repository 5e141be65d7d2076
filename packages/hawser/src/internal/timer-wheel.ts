import type { Clock, ScheduledCall } from "./clock.js";

/**
 * Many deadlines on one timer of the clock. Arming and cancelling take constant time and no memory: a `WheelTimer` is made
 * once for its owner and used again and again. Deadlines are met up to one tick late, never early.
 *
 * Each slot is a ring of timers behind a head that is never served. A timer more than one turn of the wheel ahead waits in
 * its slot until its turn has come.
 */

const SLOTS = 512;

/** Timers this late tell of a process that stood still: garbage collection, long work, a stopped process. */
export const STALL_MS = 1000;

/** One deadline. Make it once, arm it often. Whoever has one for life can be it, and needs no function. */
export abstract class WheelEntry {
  /** The tick that serves it; meaningful while armed. */
  tick = 0;
  /** Its neighbours in the slot's ring; itself while not armed. */
  next: WheelEntry = this;
  previous: WheelEntry = this;

  get armed(): boolean {
    return this.next !== this;
  }

  /** Its time has come. */
  abstract fire(): void;
}

/** A deadline that calls a function. */
export class WheelTimer extends WheelEntry {
  readonly callback: () => void;

  constructor(callback: () => void) {
    super();
    this.callback = callback;
  }

  fire(): void {
    this.callback();
  }
}

export class TimerWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #slots: readonly WheelEntry[] = Array.from({ length: SLOTS }, () => new WheelTimer(() => {}));
  /** The next tick to be served; far behind after idle time. */
  #nextTick = 0;
  #armed = 0;
  #serving = false;
  #call: ScheduledCall | null = null;
  /** The tick that `#call` will serve. */
  #callTick = 0;
  readonly #stallWatchers: Set<(stalledMs: number) => void> = new Set();

  constructor(clock: Clock, tickMs = 20) {
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  /** How many timers are armed. */
  get size(): number {
    return this.#armed;
  }

  /** Arms `timer` to fire after `delayMs`; an armed one is moved. `Infinity` only disarms. */
  arm(timer: WheelEntry, delayMs: number): void {
    this.cancel(timer);
    if (delayMs === Infinity) return;
    const now = this.#clock.now();
    timer.tick = Math.max(this.#nextTick, Math.ceil((now + Math.max(0, delayMs)) / this.#tickMs));
    link(timer, this.#slot(timer.tick));
    this.#armed++;
    if (!this.#serving && (this.#call === null || timer.tick < this.#callTick)) this.#callAt(timer.tick);
  }

  /**
   * `watcher` is told for how long the process stood still, when that was a second or more. Returns what ends the watch. It
   * is seen by timers that come late, so only while some are armed.
   */
  watchStalls(watcher: (stalledMs: number) => void): () => void {
    this.#stallWatchers.add(watcher);
    return () => void this.#stallWatchers.delete(watcher);
  }

  cancel(timer: WheelEntry): void {
    if (!timer.armed) return;
    unlink(timer);
    this.#armed--;
    if (this.#armed === 0) this.#cancelCall();
  }

  #slot(tick: number): WheelEntry {
    return this.#slots[tick % SLOTS] as WheelEntry; // always there: the array has SLOTS elements
  }

  #callAt(tick: number): void {
    this.#cancelCall();
    this.#callTick = tick;
    this.#call = this.#clock.schedule(() => this.#serve(), tick * this.#tickMs - this.#clock.now());
  }

  #cancelCall(): void {
    this.#call?.cancel();
    this.#call = null;
  }

  /** Fires what is due. A callback may arm and cancel timers, its own and others'. */
  #serve(): void {
    this.#call = null;
    this.#serving = true;
    const now = this.#clock.now();
    const present = Math.floor(now / this.#tickMs);
    const lateMs = now - this.#callTick * this.#tickMs;
    try {
      if (lateMs >= STALL_MS) for (const watcher of this.#stallWatchers) watcher(lateMs);
      // After a pause or idle time longer than one turn every slot is looked at once, not once for each turn missed.
      this.#nextTick = Math.max(this.#nextTick, present - SLOTS + 1);
      while (this.#nextTick <= present && this.#armed > 0) this.#serveSlot(this.#slot(this.#nextTick++), present);
    } finally {
      // A callback that throws must not stop the timers of everybody else.
      this.#serving = false;
      if (this.#armed > 0) this.#callAt(this.#firstTick());
    }
  }

  #serveSlot(head: WheelEntry, present: number): void {
    // What is due moves to a ring of its own first, so that a callback which arms into this slot is not served twice.
    const due = new WheelTimer(() => {});
    for (let timer = head.next; timer !== head;) {
      const following = timer.next;
      if (timer.tick <= present) {
        unlink(timer);
        link(timer, due);
      }
      timer = following;
    }
    try {
      while (due.next !== due) {
        const timer = due.next;
        unlink(timer);
        this.#armed--;
        timer.fire();
      }
    } finally {
      // Only after a throw is any left: it is served next.
      while (due.next !== due) {
        const timer = due.next;
        unlink(timer);
        timer.tick = this.#nextTick;
        link(timer, this.#slot(timer.tick));
      }
    }
  }

  /** The tick of the nearest slot in use; it may hold only timers of a later turn, which costs one idle call a turn. */
  #firstTick(): number {
    for (let ahead = 0; ahead < SLOTS; ahead++) {
      if (this.#slot(this.#nextTick + ahead).armed) return this.#nextTick + ahead;
    }
    return this.#nextTick + SLOTS;
  }
}

/** Puts `timer` last in the ring behind `head`. */
function link(timer: WheelEntry, head: WheelEntry): void {
  timer.previous = head.previous;
  timer.next = head;
  head.previous.next = timer;
  head.previous = timer;
}

function unlink(timer: WheelEntry): void {
  timer.previous.next = timer.next;
  timer.next.previous = timer.previous;
  timer.next = timer;
  timer.previous = timer;
}
