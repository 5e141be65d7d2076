import type { LogLevel } from "../log-levels.js";

/** What `hawser serve` was asked for: commander's values, whose names are those of the options. */
export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly timeIntervalMs: number;
  readonly logLevel: LogLevel;
  readonly tls?: "self-signed";
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsPfx?: string;
  readonly tlsPassphrase?: string;
  readonly tlsPassphraseFile?: string;
  readonly tlsClientCa?: string;
  readonly maxMessageBytes?: number;
  readonly origin?: readonly string[];
  readonly allowedHost?: readonly string[];
}
