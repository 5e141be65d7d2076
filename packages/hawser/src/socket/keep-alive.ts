import type { Deferred } from "../internal/deferred.js";
import { Fifo } from "../internal/fifo.js";
import type { ResolvedHeartbeat } from "./socket-options.js";

/** Pings without an answer that are remembered; with more outstanding, `ping` is refused. */
export const MAX_OUTSTANDING_PINGS = 1000;

/**
 * Heartbeats of many connections opened together are spread by this much, so that they do not beat together. They are only
 * made earlier: a lost peer is found within interval and timeout.
 */
const JITTER = 0.2;

interface OutstandingPing {
  readonly payload: Uint8Array;
  readonly sentAtMs: number;
  /** null: the heartbeat's. */
  readonly waiter: Deferred<number> | null;
}

/**
 * What keeps a connection alive and tells whether it is: the pings without an answer, and the heartbeat's deadlines. It does
 * not look at a clock; whoever asks says what time it is.
 */
export class KeepAlive {
  roundTripMs: number | null = null;
  readonly #heartbeat: ResolvedHeartbeat | null;
  /** null until the first ping. */
  #pings: Fifo<OutstandingPing> | null = null;
  readonly #intervalMs: number;
  /** When the heartbeat's ping was sent that no pong has answered yet. */
  #beatSentAtMs: number | null = null;
  /** The heartbeat's ping waits behind other data: no answer can be expected. */
  #beatQueued = false;
  /** When the last answer to a ping came. */
  #answeredAtMs: number;
  #counter = 0;

  /** `spread` is a random number from 0 to 1. */
  constructor(heartbeat: ResolvedHeartbeat | null, spread: number, nowMs: number) {
    this.#heartbeat = heartbeat;
    this.#intervalMs = heartbeat === null ? Infinity : heartbeat.intervalMs * (1 - JITTER * spread);
    this.#answeredAtMs = nowMs;
  }

  get outstanding(): number {
    return this.#pings?.size ?? 0;
  }

  /** A payload no outstanding ping has: a counter, in digits. */
  nextPayload(): Uint8Array {
    const digits = String(++this.#counter);
    return Uint8Array.from(digits, (digit) => digit.charCodeAt(0));
  }

  pinged(payload: Uint8Array, nowMs: number, waiter: Deferred<number> | null): void {
    // A peer that never answers the heartbeat, but sends other things, must not fill the list.
    this.#pings ??= new Fifo();
    if (waiter === null) this.#pings.remove((ping) => ping.waiter === null);
    this.#pings.push({ payload, sentAtMs: nowMs, waiter });
  }

  forget(waiter: Deferred<number>): boolean {
    return (this.#pings?.remove((ping) => ping.waiter === waiter) ?? []).length > 0;
  }

  /** A Pong came: it settles the latest ping with its payload and every earlier one (RFC 6455 §5.5.3). */
  ponged(payload: Uint8Array, nowMs: number): void {
    const pings = this.#pings;
    if (pings === null) return;
    const all = pings.remove(() => true);
    const last = all.findLastIndex((ping) => equalBytes(ping.payload, payload));
    for (const ping of all.slice(last + 1)) pings.push(ping);
    if (last < 0) return;
    if (pings.size === 0) this.#pings = null;
    this.roundTripMs = nowMs - (all[last]?.sentAtMs ?? nowMs);
    for (const ping of all.slice(0, last + 1)) ping.waiter?.resolve(nowMs - ping.sentAtMs);
    this.#answered(nowMs);
  }

  /** The text heartbeat's answer came. */
  textPonged(nowMs: number): void {
    if (this.#beatSentAtMs === null && !this.#beatQueued) return;
    if (this.#beatSentAtMs !== null) this.roundTripMs = nowMs - this.#beatSentAtMs;
    this.#answered(nowMs);
  }

  /** The heartbeat's ping waits to be sent; `beatTaken` says when it was. */
  queueBeat(): void {
    this.#beatQueued = true;
  }

  /** The heartbeat's ping was taken, or dropped. Its answer may have come before we learned that. */
  beatTaken(nowMs: number): void {
    if (this.#beatQueued) this.beat(nowMs);
  }

  /** From now on a sign of life is due. */
  beat(nowMs: number): void {
    this.#beatQueued = false;
    this.#beatSentAtMs = nowMs;
  }

  /** Whether a beat is under way: an answer to it brings the next deadline nearer. */
  get beating(): boolean {
    return this.#beatSentAtMs !== null;
  }

  /** When the heartbeat next has something to do. Silence until `excusedUntilMs` does not count. */
  deadline(lastReceivedAtMs: number, excusedUntilMs: number): number {
    if (this.#heartbeat === null || this.#beatQueued) return Infinity;
    if (this.#unanswered(lastReceivedAtMs)) return (this.#beatSentAtMs ?? 0) + this.#heartbeat.timeoutMs;
    const aliveAtMs = this.#heartbeat.strictPong ? this.#answeredAtMs : lastReceivedAtMs;
    return Math.max(aliveAtMs, excusedUntilMs) + this.#intervalMs;
  }

  /** What the heartbeat has to do now. */
  check(nowMs: number, lastReceivedAtMs: number, excusedUntilMs: number): "nothing" | "ping" | "lost" {
    if (nowMs < this.deadline(lastReceivedAtMs, excusedUntilMs)) return "nothing";
    return this.#unanswered(lastReceivedAtMs) ? "lost" : "ping";
  }

  /** Reading stood still by our own will, or the process did: the answer that is due gets its whole time again. */
  excuse(nowMs: number, lastReceivedAtMs: number): void {
    if (this.#unanswered(lastReceivedAtMs)) this.#beatSentAtMs = nowMs;
  }

  /** The connection is over. */
  stop(error: () => Error): void {
    for (const ping of this.#pings?.remove(() => true) ?? []) ping.waiter?.reject(error());
  }

  #answered(nowMs: number): void {
    this.#beatQueued = false;
    this.#beatSentAtMs = null;
    this.#answeredAtMs = nowMs;
  }

  #unanswered(lastReceivedAtMs: number): boolean {
    if (this.#beatSentAtMs === null) return false;
    return this.#heartbeat?.strictPong === true || lastReceivedAtMs < this.#beatSentAtMs;
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
