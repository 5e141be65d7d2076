import { createDeferred, type Deferred } from "../internal/deferred.js";
import { ConnectionError } from "../internal/errors.js";
import { WheelTimer } from "../internal/timer-wheel.js";
import { TokenBucket } from "../internal/token-bucket.js";
import type { Runtime } from "./runtime.js";
import type { ResolvedRateLimit } from "./rate-limit-options.js";

/** After so long without a pause a flood is over. */
const QUIET_MS = 1000;

/** A pause lasts until there is room for so long of the rate, if the burst has it: a flood must not cost a timer a message. */
const ROOM_MS = 100;

export interface MessageRateOwner {
  /** A flood begins: reading pauses. Once a flood. */
  onFlood(error: ConnectionError): void;
  /** It has gone on for too long. */
  onFloodTooLong(error: ConnectionError): void;
}

/**
 * How many messages and bytes the peer may send: as many as the burst at once, then the rate. A message that is over it is
 * still delivered; then nothing is read until its debt is paid, and TCP slows the peer down. A peer that only sends more
 * than it should gets its rate; one that keeps at it can be closed.
 */
export class MessageRate {
  readonly #options: ResolvedRateLimit;
  readonly #runtime: Runtime;
  readonly #owner: MessageRateOwner;
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #roomMs: number;
  readonly #timer: WheelTimer;
  #waiting: Deferred<void> | null = null;
  /** When the flood began that is not over; null: there is none. */
  #floodSinceMs: number | null = null;
  #pausedUntilMs = -Infinity;

  constructor(options: ResolvedRateLimit, runtime: Runtime, owner: MessageRateOwner) {
    const { messagesPerSecond, burst, bytesPerSecond } = options;
    const now = runtime.clock.now();
    this.#options = options;
    this.#runtime = runtime;
    this.#owner = owner;
    this.#messages = new TokenBucket(messagesPerSecond, burst, now);
    this.#bytes = new TokenBucket(bytesPerSecond, bytesPerSecond, now);
    this.#roomMs = messagesPerSecond === Infinity ? ROOM_MS : Math.min(ROOM_MS, (burst * 1000) / messagesPerSecond);
    this.#timer = new WheelTimer(() => this.#resume());
  }

  count(messages: number, bytes: number): void {
    const now = this.#runtime.clock.now();
    this.#messages.spend(messages, now);
    this.#bytes.spend(bytes, now);
  }

  /** What the next message has to wait for, if anything. */
  pause(): Promise<void> | undefined {
    const now = this.#runtime.clock.now();
    const debtMs = Math.max(this.#messages.debtMs(now), this.#bytes.debtMs(now));
    if (debtMs === 0) return undefined;
    const pauseMs = debtMs + this.#roomMs;
    if (now - this.#pausedUntilMs > QUIET_MS) this.#floodSinceMs = null;
    this.#pausedUntilMs = now + pauseMs;
    if (this.#floodSinceMs === null) {
      this.#floodSinceMs = now;
      this.#owner.onFlood(this.#describe(pauseMs));
    } else if (now - this.#floodSinceMs >= this.#options.closeAfterMs) {
      this.#owner.onFloodTooLong(this.#describe(pauseMs));
      return undefined;
    }
    this.#waiting ??= createDeferred<void>();
    this.#runtime.wheel.arm(this.#timer, pauseMs);
    return this.#waiting.promise;
  }

  /** The connection is over. */
  stop(): void {
    this.#runtime.wheel.cancel(this.#timer);
    this.#resume();
  }

  #resume(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve();
  }

  #describe(pauseMs: number): ConnectionError {
    const { messagesPerSecond, bytesPerSecond } = this.#options;
    const retryAfterMs = Math.ceil(pauseMs);
    const rate = `${messagesPerSecond} messages and ${bytesPerSecond} bytes a second`;
    return new ConnectionError("RATE_LIMITED", `more came than ${rate}: reading pauses for ${retryAfterMs} ms`, {
      facts: { retryAfterMs, messagesPerSecond, bytesPerSecond },
    });
  }
}
