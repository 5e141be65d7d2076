import type { LogLevel } from "../log-levels.js";

/** What `hawser serve` does; the names are those of the options on the command line, in camelCase. `Infinity` is "off". */
export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  /** A Unix socket, instead of host and port. */
  readonly socket?: string;
  /** A folder of files. */
  readonly root?: string;
  /** The gateway at `/gateway`, for trying it. */
  readonly demo?: boolean;
  readonly timeIntervalMs: number;
  readonly logLevel: LogLevel;
  readonly drainDelayMs: number;
  readonly tls?: "self-signed";
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsPfx?: string;
  readonly tlsPassphrase?: string;
  readonly tlsPassphraseFile?: string;
  readonly tlsClientCa?: string;
  readonly origin?: readonly string[];
  readonly allowedHost?: readonly string[];
  readonly trustedProxy?: readonly string[];
  readonly exempt?: readonly string[];
  /** Messages are compressed for clients that ask for it. */
  readonly deflate?: boolean;
  readonly maxMessageBytes?: number;
  readonly maxConnections?: number;
  readonly maxConnectionsPerIp: number;
  readonly maxOpeningsPerSecond: number;
  /** Messages a second, on one connection. */
  readonly rateLimit: number;
  readonly maxMemoryBytes?: number;
}

/** What a user has asked for, on the command line or in a file. */
export type GivenOptions = Partial<ServeOptions>;

/** What the command line gives. */
export interface ServeFlags extends GivenOptions {
  readonly config?: string;
}

/** Off in the library, where they would surprise; on here, as this program may be left alone on the internet. */
export const serveDefaults: Pick<
  ServeOptions,
  | "host"
  | "port"
  | "timeIntervalMs"
  | "logLevel"
  | "drainDelayMs"
  | "maxConnectionsPerIp"
  | "maxOpeningsPerSecond"
  | "rateLimit"
> = {
  host: "127.0.0.1",
  port: 8080,
  timeIntervalMs: 15_000,
  logLevel: "info",
  drainDelayMs: 0,
  maxConnectionsPerIp: 100,
  maxOpeningsPerSecond: 500,
  rateLimit: 100,
};

/** The defaults, under what the file says, under what the command line says. */
export function mergeOptions(file: GivenOptions, flags: GivenOptions): ServeOptions {
  const { socket, ...rest } = file;
  // a place to listen given on the command line takes the place of the file's, of whichever kind that is
  const ownPlace = flags.host !== undefined || flags.port !== undefined;
  const place = socket === undefined || ownPlace ? {} : { socket };
  return { ...serveDefaults, ...rest, ...place, ...flags };
}
