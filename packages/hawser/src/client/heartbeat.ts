import type { Clock, ScheduledCall } from "../internal/clock.js";
import type { ClientHeartbeatOptions } from "./client-types.js";

/** A timer that comes so late tells of a process that stood still: what was sent to it may not have been read yet. */
const STALL_MS = 1000;

export interface HeartbeatPort {
  ping(): void;
  onSilence(): void;
}

/** Sends a text every interval, and tells when nothing has come for too long after one. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #options: Required<ClientHeartbeatOptions>;
  readonly #port: HeartbeatPort;
  #beat: ScheduledCall | undefined;
  #limit: ScheduledCall | undefined;

  constructor(clock: Clock, options: Required<ClientHeartbeatOptions>, port: HeartbeatPort) {
    this.#clock = clock;
    this.#options = options;
    this.#port = port;
  }

  start(): void {
    this.#beat = this.#clock.schedule(() => {
      this.start();
      this.probe();
    }, this.#options.intervalMs);
  }

  /** Asks for a sign of life now. */
  probe(): void {
    if (this.#beat === undefined) return;
    if (this.#limit === undefined) this.#startLimit();
    this.#port.ping();
  }

  /** Something came, whatever it is. */
  received(): void {
    this.#limit?.cancel();
    this.#limit = undefined;
  }

  stop(): void {
    this.received();
    this.#beat?.cancel();
    this.#beat = undefined;
  }

  #startLimit(): void {
    const dueMs = this.#clock.now() + this.#options.timeoutMs;
    this.#limit = this.#clock.schedule(() => {
      if (this.#clock.now() < dueMs + STALL_MS) return this.#port.onSilence();
      this.#startLimit();
      this.#port.ping();
    }, this.#options.timeoutMs);
  }
}
