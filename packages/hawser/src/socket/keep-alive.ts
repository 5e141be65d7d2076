import type { Deferred } from "../internal/deferred.js";
import { Fifo } from "../internal/fifo.js";
import type { ResolvedHeartbeat } from "./socket-options.js";

/** Pings without an answer that are remembered; with more outstanding, `ping` is refused. */
export const MAX_OUTSTANDING_PINGS = 1000;

/** Heartbeats of many connections opened together are spread by this much, so that they do not beat together. */
const JITTER = 0.2;

interface OutstandingPing {
  readonly payload: Uint8Array;
  readonly sentAtMs: number;
  readonly waiter: Deferred<number> | null;
}

/**
 * What keeps a connection alive and tells whether it is: the pings without an answer, and the heartbeat's deadlines. It does
 * not look at a clock; whoever asks says what time it is.
 */
export class KeepAlive {
  roundTripMs: number | null = null;
  readonly #heartbeat: ResolvedHeartbeat | null;
  readonly #pings = new Fifo<OutstandingPing>();
  readonly #intervalMs: number;
  /** When the heartbeat's ping was sent that nothing has answered yet. */
  #beatSentAtMs: number | null = null;
  #counter = 0;

  /** `spread` is a random number from 0 to 1. */
  constructor(heartbeat: ResolvedHeartbeat | null, spread: number) {
    this.#heartbeat = heartbeat;
    this.#intervalMs = heartbeat === null ? Infinity : heartbeat.intervalMs * (1 + JITTER * (2 * spread - 1));
  }

  get outstanding(): number {
    return this.#pings.size;
  }

  /** A payload no outstanding ping has: a counter, in digits. */
  nextPayload(): Uint8Array {
    const digits = String(++this.#counter);
    return Uint8Array.from(digits, (digit) => digit.charCodeAt(0));
  }

  pinged(payload: Uint8Array, nowMs: number, waiter: Deferred<number> | null): void {
    this.#pings.push({ payload, sentAtMs: nowMs, waiter });
  }

  forget(waiter: Deferred<number>): boolean {
    return this.#pings.remove((ping) => ping.waiter === waiter).length > 0;
  }

  /** A Pong came: it settles the latest ping with its payload and every earlier one (RFC 6455 §5.5.3). */
  ponged(payload: Uint8Array, nowMs: number): void {
    const all = this.#pings.remove(() => true);
    const last = all.findLastIndex((ping) => equalBytes(ping.payload, payload));
    for (const ping of all.slice(last + 1)) this.#pings.push(ping);
    if (last < 0) return;
    this.roundTripMs = nowMs - (all[last]?.sentAtMs ?? nowMs);
    for (const ping of all.slice(0, last + 1)) ping.waiter?.resolve(nowMs - ping.sentAtMs);
    this.#beatSentAtMs = null;
  }

  /** The text heartbeat's answer came. */
  textPonged(nowMs: number): void {
    if (this.#beatSentAtMs === null) return;
    this.roundTripMs = nowMs - this.#beatSentAtMs;
    this.#beatSentAtMs = null;
  }

  beat(nowMs: number): void {
    this.#beatSentAtMs = nowMs;
  }

  /** When the heartbeat next has something to do, given when something was last received. */
  deadline(lastReceivedAtMs: number): number {
    if (this.#heartbeat === null) return Infinity;
    if (this.#beatSentAtMs === null || this.#answered(lastReceivedAtMs)) return lastReceivedAtMs + this.#intervalMs;
    return this.#beatSentAtMs + this.#heartbeat.timeoutMs;
  }

  /** What the heartbeat has to do now. */
  check(nowMs: number, lastReceivedAtMs: number): "nothing" | "ping" | "lost" {
    if (this.#heartbeat === null || nowMs < this.deadline(lastReceivedAtMs)) return "nothing";
    if (this.#beatSentAtMs === null || this.#answered(lastReceivedAtMs)) return "ping";
    return "lost";
  }

  /** Reading stood still by our own will, or the process did: what was due in that time is due later. */
  excuse(nowMs: number): void {
    if (this.#beatSentAtMs !== null) this.#beatSentAtMs = nowMs;
  }

  /** The connection is over. */
  stop(error: () => Error): void {
    for (let ping = this.#pings.shift(); ping !== undefined; ping = this.#pings.shift()) ping.waiter?.reject(error());
  }

  #answered(lastReceivedAtMs: number): boolean {
    return (
      this.#heartbeat?.strictPong !== true && this.#beatSentAtMs !== null && lastReceivedAtMs >= this.#beatSentAtMs
    );
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
