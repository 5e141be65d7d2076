import type { Clock } from "../internal/clock.js";

/** What a client needs of the place where it runs, beside a connector. */
export interface ClientPlatform {
  /** Unlike other clocks it keeps the process alive while a call is scheduled: a client that waits for its next attempt is at work. */
  readonly clock: Clock;
  /** Fills its argument with cryptographically strong random bytes. */
  readonly random: (target: Uint8Array) => void;
  /**
   * Calls `listener` when the network comes (true) or goes (false). Returns what ends that. It is a hint: without a network there
   * may be a way to the server, and with one there may be none. Absent: the platform cannot tell.
   */
  readonly watchNetwork?: (listener: (isOnline: boolean) => void) => () => void;
  /** Takes what a handler of the application threw, where no `error` handler takes it. Must not throw. Absent: it is forgotten. */
  readonly report?: (error: unknown) => void;
}
