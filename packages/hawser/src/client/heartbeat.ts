import type { Clock, ScheduledCall } from "../internal/clock.js";
import type { ClientHeartbeatOptions } from "./client-types.js";

/** A timer that comes so late tells of a process that stood still: what was sent to it may not have been read yet. */
const STALL_MS = 1000;

/** Sends a text every interval, and tells when nothing has come for too long after one. */
export interface Heartbeat {
  start(): void;
  /** Asks for a sign of life now. */
  probe(): void;
  /** Something came, whatever it is. */
  received(): void;
  stop(): void;
}

export interface HeartbeatPort {
  ping(): void;
  onSilence(): void;
}

export function createHeartbeat(
  clock: Clock,
  { intervalMs, timeoutMs }: Required<ClientHeartbeatOptions>,
  port: HeartbeatPort,
): Heartbeat {
  let beat: ScheduledCall | undefined;
  let limit: ScheduledCall | undefined;
  const start = (): void => {
    beat = clock.schedule(() => {
      start();
      probe();
    }, intervalMs);
  };
  const probe = (): void => {
    if (limit === undefined) startLimit();
    port.ping();
  };
  const startLimit = (): void => {
    const dueMs = clock.now() + timeoutMs;
    limit = clock.schedule(() => {
      if (clock.now() < dueMs + STALL_MS) return port.onSilence();
      startLimit();
      port.ping();
    }, timeoutMs);
  };
  const received = (): void => {
    limit?.cancel();
    limit = undefined;
  };
  const stop = (): void => {
    received();
    beat?.cancel();
  };
  return { start, probe, received, stop };
}
