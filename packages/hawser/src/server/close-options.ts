import { checkOptionNames } from "../internal/option-names.js";
import { CLOSE_GOING_AWAY, checkClose } from "../protocol/index.js";
import { checkLimit } from "../internal/check-limit.js";
import type { Runtime } from "../socket/index.js";
import type { DrainOptions } from "./drain.js";
import { refuseOption } from "./option-values.js";

export interface ServerCloseOptions {
  /** How long closing may take; connections that are left then are aborted. @default 15000 */
  readonly timeoutMs?: number;
  /** What connections are told: 1001 going away, 1012 restart. @default 1001 */
  readonly code?: number;
  /** At most 123 bytes of UTF-8. @default "" */
  readonly reason?: string;
  /** Over how long the closes are spread; 0: all at once. @default 1 s for each 1,000 connections, at most 10 s */
  readonly spreadMs?: number;
  /**
   * How long the server first goes on as before, with the `state` draining: whoever asks for readiness learns that it goes,
   * and a load balancer sends nobody any more. Comes before `timeoutMs`. @default 0
   */
  readonly delayMs?: number;
}

export interface ResolvedCloseOptions extends DrainOptions {
  readonly delayMs: number;
}

const closeNames = [
  "timeoutMs",
  "code",
  "reason",
  "spreadMs",
  "delayMs",
] as const satisfies readonly (keyof ServerCloseOptions)[];

const DEFAULT_TIMEOUT_MS = 15_000;

/** @throws UsageError INVALID_ARGUMENT */
export function resolveCloseOptions(options: ServerCloseOptions, runtime: Runtime): ResolvedCloseOptions {
  checkOptionNames("close", options, closeNames);
  const { code = CLOSE_GOING_AWAY, reason = "", spreadMs, delayMs = 0 } = options;
  const timeoutMs = checkLimit("timeoutMs", options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  checkClose(code, reason, "server", runtime.bytes);
  for (const [name, value] of Object.entries({ spreadMs, delayMs })) {
    if (value !== undefined && !(value >= 0 && value < Infinity)) {
      refuseOption(name, value, "a number of milliseconds, 0 or more");
    }
  }
  return { code, reason, timeoutMs, spreadMs, delayMs, runtime };
}
