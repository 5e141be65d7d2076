import { ConnectionError } from "../internal/errors.js";
import { STALL_MS, WheelEntry } from "../internal/timer-wheel.js";
import type { KeepAlive } from "./keep-alive.js";
import type { Runtime } from "./runtime.js";
import type { ResolvedSocketOptions } from "./socket-options.js";

export interface DeadlinesOwner {
  /** Whether the peer is expected to give signs of life. */
  readonly listening: boolean;
  /** Whether reading stands still by our own will. */
  readonly paused: boolean;
  /** A heartbeat is due. */
  beat(): void;
  /** The peer did not do in time what it had to. */
  onTimedOut(error: ConnectionError): void;
  /** The time to linger is over. */
  onLingered(): void;
}

/** What is queued when `close` is called may take this many times the longer of the write and the close timeout to leave. */
const DRAIN_FACTOR = 4;

/** What has to happen in the closing handshake, and within which time. */
interface CloseBound {
  readonly atMs: number;
  readonly timeoutMs: number;
  readonly failure: string;
  /** The bytes before our Close are still waited for, not the peer. */
  readonly draining: boolean;
}

/**
 * The deadlines of one connection, all on one timer: silence (idle and heartbeat), progress in writing, the closing
 * handshake, and the time to linger after it. Traffic moves a deadline without touching the timer, which looks again when
 * it fires. A connection that is not over has exactly one armed timer, or no deadline at all.
 */
export class Deadlines extends WheelEntry {
  readonly #runtime: Runtime;
  readonly #options: ResolvedSocketOptions;
  readonly #keepAlive: KeepAlive;
  readonly #owner: DeadlinesOwner;
  #timerDueMs = Infinity;
  #lastReceivedAtMs: number;
  /** Silence before this was not the peer's: reading was paused, or the process stood still. */
  #excusedUntilMs = -Infinity;
  #blockedSinceMs: number | null = null;
  #close: CloseBound | null = null;
  #destroyAtMs = Infinity;
  #stopped = false;

  constructor(runtime: Runtime, options: ResolvedSocketOptions, keepAlive: KeepAlive, owner: DeadlinesOwner) {
    super();
    this.#runtime = runtime;
    this.#options = options;
    this.#keepAlive = keepAlive;
    this.#owner = owner;
    this.#lastReceivedAtMs = runtime.clock.now();
  }

  /** When bytes last came. */
  get lastReceivedAtMs(): number {
    return this.#lastReceivedAtMs;
  }

  /** Arms the timer for the nearest deadline, if it is nearer than what the timer waits for. */
  arm(): void {
    const dueMs = this.#next();
    if (this.#stopped || dueMs >= this.#timerDueMs) return;
    this.#timerDueMs = dueMs;
    this.#runtime.wheel.arm(this, dueMs - this.#runtime.clock.now());
  }

  /** Bytes came. */
  received(): void {
    this.#lastReceivedAtMs = this.#runtime.clock.now();
  }

  /** Reading goes on after a pause. */
  resumed(): void {
    this.#excuse(this.#runtime.clock.now());
  }

  /** Bytes were written that the transport did not take at once. */
  blocked(): void {
    if (this.#blockedSinceMs !== null) return;
    this.#blockedSinceMs = this.#runtime.clock.now();
    this.arm();
  }

  /** Some of them were taken. */
  progressed(): void {
    if (this.#blockedSinceMs !== null) this.#blockedSinceMs = this.#runtime.clock.now();
  }

  /** All of them were taken. */
  taken(): void {
    this.#blockedSinceMs = null;
  }

  /** What is queued and our Close behind it have to leave in time, however steadily the peer takes them. */
  boundDrain(): void {
    if (this.#close !== null) return;
    const { closeTimeoutMs, writeTimeoutMs } = this.#options;
    const timeoutMs = DRAIN_FACTOR * Math.max(closeTimeoutMs, writeTimeoutMs);
    this.#boundClose({ timeoutMs, failure: "the peer did not take what was queued before the Close", draining: true });
  }

  /** The closing handshake has to end within the close timeout from now, unless that runs already. */
  boundClose(): void {
    if (this.#close?.draining === false) return;
    const timeoutMs = this.#options.closeTimeoutMs;
    this.#boundClose({ timeoutMs, failure: "the peer did not finish the closing handshake", draining: false });
  }

  /** The closing handshake has reached its next part, or its end. */
  unboundClose(): void {
    this.#close = null;
  }

  /** Whether `lingerWithin` was called. */
  get lingering(): boolean {
    return this.#destroyAtMs !== Infinity;
  }

  /** The transport is destroyed after `delayMs`, or before that when it was said so. */
  lingerWithin(delayMs: number): void {
    this.#destroyAtMs = Math.min(this.#destroyAtMs, this.#runtime.clock.now() + delayMs);
    this.arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#runtime.wheel.cancel(this);
  }

  /** The timer is the object itself: there is one a connection. */
  override fire(): void {
    const now = this.#runtime.clock.now();
    // silence while the process stood still is no one else's fault
    if (now - this.#timerDueMs > STALL_MS) this.#excuseStall(now);
    else if (this.#owner.paused) this.#excuse(now);
    this.#timerDueMs = Infinity;
    if (now >= this.#destroyAtMs) {
      this.stop();
      this.#owner.onLingered();
    } else if (this.#close !== null && now >= this.#close.atMs) {
      this.#timeOut("CLOSE_TIMEOUT", this.#close.failure, this.#close.timeoutMs);
    } else if (now >= this.#blockedUntil()) {
      this.#timeOut("WRITE_TIMEOUT", "the peer took no bytes", this.#options.writeTimeoutMs);
    } else if (this.#owner.listening) {
      this.#checkAlive(now);
    }
    this.arm();
  }

  #boundClose(bound: Omit<CloseBound, "atMs">): void {
    this.#close = { ...bound, atMs: this.#runtime.clock.now() + bound.timeoutMs };
    this.arm();
  }

  #checkAlive(now: number): void {
    const { idleTimeoutMs, heartbeat } = this.#options;
    if (now >= this.#idleUntil()) {
      this.#timeOut("IDLE_TIMEOUT", "nothing was received", idleTimeoutMs);
      return;
    }
    const due = this.#keepAlive.check(now, this.#lastReceivedAtMs, this.#excusedUntilMs);
    if (due === "ping") this.#owner.beat();
    else if (due === "lost") {
      this.#timeOut("HEARTBEAT_TIMEOUT", "the heartbeat was not answered", heartbeat?.timeoutMs ?? Infinity);
    }
  }

  #excuse(now: number): void {
    this.#excusedUntilMs = now;
    this.#keepAlive.excuse(now, this.#lastReceivedAtMs);
  }

  /** What the peer has done meanwhile waits to be read: every deadline of its own begins anew, or gets a moment more. */
  #excuseStall(now: number): void {
    this.#excuse(now);
    if (this.#blockedSinceMs !== null) this.#blockedSinceMs = now;
    if (this.#close !== null) this.#close = { ...this.#close, atMs: Math.max(this.#close.atMs, now + STALL_MS) };
  }

  #next(): number {
    const alive = this.#owner.listening
      ? Math.min(this.#idleUntil(), this.#keepAlive.deadline(this.#lastReceivedAtMs, this.#excusedUntilMs))
      : Infinity;
    return Math.min(this.#destroyAtMs, this.#close?.atMs ?? Infinity, this.#blockedUntil(), alive);
  }

  #idleUntil(): number {
    return Math.max(this.#lastReceivedAtMs, this.#excusedUntilMs) + this.#options.idleTimeoutMs;
  }

  #blockedUntil(): number {
    return this.#blockedSinceMs === null ? Infinity : this.#blockedSinceMs + this.#options.writeTimeoutMs;
  }

  #timeOut(
    code: "CLOSE_TIMEOUT" | "WRITE_TIMEOUT" | "IDLE_TIMEOUT" | "HEARTBEAT_TIMEOUT",
    what: string,
    timeoutMs: number,
  ): void {
    const error = new ConnectionError(code, `${what} within ${timeoutMs} ms`, { facts: { timeoutMs } });
    this.#owner.onTimedOut(error);
  }
}
