import type { ConnectionChoice } from "../connection/connection-options.js";
import type { LogLevel } from "../log-levels.js";

/** What `hawser connect` was asked for: commander's values, whose names are those of the options. */
export interface ConnectCommandOptions extends ConnectionChoice {
  readonly subprotocol?: readonly string[];
  readonly heartbeatMs?: number;
  readonly textHeartbeat?: boolean;
  readonly reconnect?: boolean;
  /** Comes back after just this long, too. */
  readonly reconnectDelayMs?: number;
  readonly lingerMs: number;
  readonly raw?: boolean;
  readonly logLevel: LogLevel;
}
