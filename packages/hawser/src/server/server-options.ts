import type { IncomingMessage, ServerResponse } from "node:http";
import { UsageError } from "../internal/errors.js";
import { defaultRuntime, resolveDeflate } from "../node/index.js";
import type { DeflateSettings } from "../node/index.js";
import { checkAllowedOrigins, handshakeDefaults, parseHost } from "../protocol/index.js";
import type { HandshakeLimits } from "../protocol/index.js";
import { checkLimit } from "../internal/check-limit.js";
import { checkHeartbeatNames, resolveSocketOptions, socketLimitNames } from "../socket/index.js";
import type { HeartbeatOptions, RateLimitOptions, Runtime, SocketLimits, SocketOptions } from "../socket/index.js";
import type { ServerDeflateOptions } from "./deflate-options.js";
import { guardLogger } from "./logs/logger.js";
import type { Logger } from "./logs/logger.js";
import { checkOptionNames } from "../internal/option-names.js";
import { checkProtocols, checkStrings, refuseOption } from "./option-values.js";
import { resolveServerLimits, serverLimitNames } from "./limits/server-limits.js";
import type { ResolvedServerLimits, ServerLimits } from "./limits/server-limits.js";
import type { AddressSet } from "./limits/address-set.js";
import { createTrustedProxies } from "./handshake/client-address.js";
import { checkTls } from "./tls-options.js";
import type { NodeServerTls, ServerTlsOptions } from "./tls-options.js";

/** Answers plain HTTP requests. What it throws answers 500, or cuts an answer that has begun. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Limits on sockets are defaults for the services, each of which may set its own. */
export interface ServerOptions extends SocketLimits, ServerLimits {
  /** The address to listen on; "0.0.0.0" or "::" for all of the machine. @default "127.0.0.1": this machine alone */
  readonly host?: string;
  /** 0 to 65535. @default 0: any free one, told by `address()` */
  readonly port?: number;
  /** Listens on a Unix socket (or a named pipe of Windows) instead of host and port. */
  readonly path?: string;
  /** Serves wss and https with this certificate. */
  readonly tls?: ServerTlsOptions;
  /**
   * Origins of web pages that may connect, such as "https://example.com", besides the server's own. "*": pages of any site
   * may act here with their visitor's cookies. @default [], so only pages of the same host
   */
  readonly origins?: readonly string[] | "*";
  /**
   * Names by which the server may be addressed, such as "example.com" or "example.com:8443", besides those of loopback.
   * @default on a loopback address none, elsewhere any
   */
  readonly hosts?: readonly string[];
  /**
   * Addresses and networks of the proxies in front of the server, such as "10.0.0.0/8"; "unix" for whoever connects by a Unix
   * socket. Only these are believed who the client is (X-Forwarded-For), how it came (X-Forwarded-Proto) and to which host
   * (X-Forwarded-Host); they must set these headers, or take them out, for a client can send them too. @default []: nobody
   */
  readonly trustedProxies?: readonly string[];
  /** The sub-protocols that services speak, unless they say otherwise. @default [] */
  readonly protocols?: readonly string[];
  /** Compresses messages for clients that offer it. Costs CPU, and secrets can leak through sizes. @default false */
  readonly perMessageDeflate?: boolean | ServerDeflateOptions;
  /** How long a client may take for its request, and `admit` for its decision. @default 10000 */
  readonly handshakeTimeoutMs?: number;
  /** Bytes of a request's head. @default 8192: large cookies fit */
  readonly maxHeaderBytes?: number;
  /** Header fields of a request. @default 100 */
  readonly maxHeaders?: number;
  /** Bytes of path and query. @default 4096 */
  readonly maxTargetBytes?: number;
  /** false: no heartbeat. @default on */
  readonly heartbeat?: HeartbeatOptions | false;
  /** How fast clients may send messages. @default false: as fast as they can be read */
  readonly rateLimit?: RateLimitOptions | false;
  /** Answers plain HTTP, except at the paths of services: they have an `onRequest` of their own, or answer 426. @default 404 */
  readonly onRequest?: RequestHandler;
  /** @default silent */
  readonly logger?: Logger;
  /** Shares scratch memory and timers with other users of it. @default the process's */
  readonly runtime?: Runtime;
}

/** Socket options that a server gives to its services as defaults. */
export type SocketDefaults = SocketLimits & Pick<SocketOptions, "heartbeat" | "rateLimit">;

export interface ResolvedServerOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string | null;
  readonly tls: NodeServerTls | null;
  readonly origins: readonly string[] | "*";
  readonly hosts: readonly string[] | null;
  readonly trustedProxies: AddressSet;
  readonly protocols: readonly string[];
  readonly deflate: DeflateSettings | null;
  readonly handshakeTimeoutMs: number;
  readonly handshakeLimits: HandshakeLimits;
  readonly serverLimits: ResolvedServerLimits;
  readonly socketDefaults: SocketDefaults;
  /** For plain answers. */
  readonly writeTimeoutMs: number;
  readonly onRequest: RequestHandler | null;
  readonly log: Logger;
  readonly runtime: Runtime;
}

const serverNames = [
  ...socketLimitNames,
  ...serverLimitNames,
  "host",
  "port",
  "path",
  "tls",
  "origins",
  "hosts",
  "trustedProxies",
  "protocols",
  "perMessageDeflate",
  "handshakeTimeoutMs",
  "maxHeaderBytes",
  "maxHeaders",
  "maxTargetBytes",
  "heartbeat",
  "rateLimit",
  "onRequest",
  "logger",
  "runtime",
] as const satisfies readonly (keyof ServerOptions)[];

const defaults = { host: "127.0.0.1", port: 0, handshakeTimeoutMs: 10_000, ...handshakeDefaults };

/**
 * Fills in the defaults and checks every value.
 * @throws UsageError INVALID_ARGUMENT, naming the option, its value and what was expected
 */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  checkOptionNames("createServer", options, serverNames);
  if (options.path !== undefined && (options.host !== undefined || options.port !== undefined)) {
    refuseOption("path", options.path, "either path, or host and port");
  }
  const limit = (name: "handshakeTimeoutMs" | keyof HandshakeLimits): number =>
    checkLimit(name, options[name] ?? defaults[name]);
  const socketDefaults = pickSocketDefaults(options);
  // refuses bad values now, not at the first service
  const { writeTimeoutMs } = resolveSocketOptions(socketDefaults, "server");
  const runtime = options.runtime ?? defaultRuntime();
  return Object.freeze({
    host: checkText("host", options.host ?? defaults.host),
    port: checkPort(options.port ?? defaults.port),
    path: options.path === undefined ? null : checkPath(options.path),
    tls: options.tls === undefined ? null : checkTls(options.tls),
    origins: checkOrigins(options.origins ?? []),
    hosts: options.hosts === undefined ? null : checkHosts(options.hosts),
    trustedProxies: createTrustedProxies(options.trustedProxies ?? []),
    protocols: checkProtocols(options.protocols ?? []),
    deflate: resolveDeflate(options.perMessageDeflate ?? false, "server", runtime),
    handshakeTimeoutMs: limit("handshakeTimeoutMs"),
    handshakeLimits: {
      maxHeaderBytes: limit("maxHeaderBytes"),
      maxHeaders: limit("maxHeaders"),
      maxTargetBytes: limit("maxTargetBytes"),
    },
    serverLimits: resolveServerLimits(options, runtime.resources),
    socketDefaults,
    writeTimeoutMs,
    onRequest: checkFunction("onRequest", options.onRequest) ?? null,
    log: guardLogger(checkLogger(options.logger)),
    runtime,
  });
}

function pickSocketDefaults(options: ServerOptions): SocketDefaults {
  const picked: Record<string, unknown> = {};
  for (const name of [...socketLimitNames, "heartbeat", "rateLimit"] as const) {
    const value = options[name];
    if (value !== undefined) picked[name] = value;
  }
  checkHeartbeatNames(options.heartbeat);
  return picked;
}

function checkText(name: string, value: unknown): string {
  return typeof value === "string" && value !== "" ? value : refuseOption(name, value, "a string that is not empty");
}

/** The system cuts longer names of Unix sockets without a word, on Linux behind 107 bytes, elsewhere behind 103. */
function checkPath(path: unknown): string {
  const text = checkText("path", path);
  const max = process.platform === "linux" ? 107 : 103;
  const isPipe = text.startsWith("\\\\");
  return isPipe || Buffer.byteLength(text) <= max ? text : refuseOption("path", text, `at most ${max} bytes`);
}

function checkPort(port: unknown): number {
  const isPort = typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 65_535;
  return isPort ? port : refuseOption("port", port, "a whole number from 0 to 65535");
}

export function checkOrigins(origins: unknown): readonly string[] | "*" {
  if (origins === "*") return origins;
  const list = checkStrings("origins", origins, 'an array of origins, or "*"');
  checkAllowedOrigins(list);
  return list;
}

export function checkHosts(hosts: unknown): readonly string[] {
  const list = checkStrings("hosts", hosts, "an array of names, each with or without a port");
  const wrong = list.find((host) => parseHost(host) === undefined);
  if (wrong !== undefined) refuseOption("hosts", wrong, 'names like "example.com" or "example.com:8443"');
  return list;
}

function checkFunction<T>(name: string, value: T | undefined): T | undefined {
  return value === undefined || typeof value === "function" ? value : refuseOption(name, value, "a function");
}

function checkLogger(logger: Logger | undefined): Logger | undefined {
  if (logger === undefined) return undefined;
  const isLogger = (["debug", "info", "warn", "error"] as const).every(
    (level) => typeof logger?.[level] === "function",
  );
  if (!isLogger) throw new UsageError("INVALID_ARGUMENT", "logger: expected the methods debug, info, warn and error");
  return logger;
}
