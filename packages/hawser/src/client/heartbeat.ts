import type { Clock, ScheduledCall } from "../internal/clock.js";
import type { ClientHeartbeatOptions } from "./client-types.js";

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
    // the oldest ping without an answer counts
    limit ??= clock.schedule(() => port.onSilence(), timeoutMs);
    port.ping();
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
