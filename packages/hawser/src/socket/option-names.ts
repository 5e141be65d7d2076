import { checkOptionNames } from "../internal/option-names.js";
import type { HeartbeatOptions, SocketLimits, SocketOptions } from "./socket-options.js";

/** The names of the limits of a socket. */
export const socketLimitNames: readonly (keyof SocketLimits)[] = [
  "maxMessageBytes",
  "maxFramesPerMessage",
  "maxEmptyFrames",
  "maxControlFramesPerSecond",
  "maxInflatedBytesPerSecond",
  "softQueueBytes",
  "maxQueueBytes",
  "maxReceiveMessages",
  "maxReceiveBytes",
  "idleTimeoutMs",
  "closeTimeoutMs",
  "writeTimeoutMs",
];

/** The names of all options of a socket. */
export const socketOptionNames: readonly (keyof SocketOptions)[] = [
  ...socketLimitNames,
  "mode",
  "borrow",
  "autoClose",
  "heartbeat",
  "rateLimit",
  "slowCloseCode",
  "allowNonMinimalLengths",
];

const heartbeatNames: readonly (keyof HeartbeatOptions)[] = [
  "mode",
  "intervalMs",
  "timeoutMs",
  "ping",
  "pong",
  "strictPong",
];

/** @throws UsageError INVALID_ARGUMENT for a field that a heartbeat does not have */
export function checkHeartbeatNames(heartbeat: HeartbeatOptions | false | undefined): void {
  if (heartbeat !== undefined && heartbeat !== false) checkOptionNames("heartbeat", heartbeat, heartbeatNames);
}
