import { WheelTimer } from "../internal/timer-wheel.js";
import type { Runtime, Socket } from "../socket/index.js";

/** How many connections are told per second that the server goes away: each may come back somewhere at once. */
const CLOSES_PER_SECOND = 1000;
const MAX_SPREAD_MS = 10_000;
const STEP_MS = 20;

export interface DrainOptions {
  readonly code: number;
  readonly reason: string;
  readonly timeoutMs: number;
  /** Over how long the closes are spread; undefined: by the number of connections. */
  readonly spreadMs: number | undefined;
  readonly runtime: Runtime;
}

/**
 * Closes all sockets, spread over time; aborts those that are left at the timeout. Settles when all are over, or at the
 * timeout.
 */
export async function drain(sockets: readonly Socket[], options: DrainOptions): Promise<void> {
  const { runtime, timeoutMs } = options;
  const waiting = [...sockets];
  const over = Promise.all(sockets.map((socket) => socket.closed));
  const steps = Math.max(1, Math.ceil(chooseSpread(sockets.length, options) / STEP_MS));
  const perStep = Math.ceil(waiting.length / steps);

  const closeSome = new WheelTimer(() => {
    for (const socket of waiting.splice(0, perStep)) void socket.close(options.code, options.reason);
    if (waiting.length > 0) runtime.wheel.arm(closeSome, STEP_MS);
  });
  const abortAll = new WheelTimer(() => {
    for (const socket of sockets) socket.abort("the server closed");
  });
  runtime.wheel.arm(abortAll, timeoutMs);
  closeSome.callback();
  await over;
  runtime.wheel.cancel(closeSome);
  runtime.wheel.cancel(abortAll);
}

/** How long the closes of `count` connections are spread. */
export function chooseSpread(count: number, options: Pick<DrainOptions, "timeoutMs" | "spreadMs">): number {
  const asked = options.spreadMs ?? Math.min(MAX_SPREAD_MS, (count * 1000) / CLOSES_PER_SECOND);
  // the last connection's closing handshake needs time, too
  return Math.min(asked, (options.timeoutMs * 2) / 3);
}

/** Settles after `delayMs`. */
export function wait(delayMs: number, runtime: Pick<Runtime, "wheel">): Promise<void> {
  return new Promise((resolve) => runtime.wheel.arm(new WheelTimer(resolve), delayMs));
}

/** Settles with `promise`, or after `timeoutMs`. */
export function settleWithin(promise: Promise<unknown>, timeoutMs: number, runtime: Runtime): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = new WheelTimer(resolve);
    runtime.wheel.arm(timer, timeoutMs);
    promise.finally(() => runtime.wheel.cancel(timer)).then(() => resolve(), reject);
  });
}
