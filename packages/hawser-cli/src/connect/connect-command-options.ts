import type { LogLevel } from "../log-levels.js";

/** What `hawser connect` was asked for: commander's values, whose names are those of the options. */
export interface ConnectCommandOptions {
  readonly subprotocol?: readonly string[];
  readonly header?: Readonly<Record<string, string>>;
  readonly origin?: string;
  readonly ca?: string;
  readonly pin?: readonly string[];
  readonly insecure?: boolean;
  readonly cert?: string;
  readonly key?: string;
  readonly pfx?: string;
  readonly passphrase?: string;
  readonly passphraseFile?: string;
  readonly heartbeatMs?: number;
  readonly textHeartbeat?: boolean;
  readonly handshakeTimeoutMs: number;
  readonly deflate?: boolean;
  readonly maxMessageBytes?: number;
  readonly lingerMs: number;
  readonly raw?: boolean;
  readonly logLevel: LogLevel;
}
