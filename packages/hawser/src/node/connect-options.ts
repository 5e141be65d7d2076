import type { Agent } from "node:http";
import type { LookupFunction } from "node:net";
import { checkLimit } from "../internal/check-limit.js";
import { UsageError } from "../internal/errors.js";
import { checkOptionNames } from "../internal/option-names.js";
import { formatUpgradeRequest, offerDeflate } from "../protocol/index.js";
import type { DeflateOptions } from "../protocol/index.js";
import { checkBoolean, checkHeartbeatNames, resolveSocketOptions, socketOptionNames } from "../socket/index.js";
import type { Handlers, ResolvedSocketOptions, Runtime, SocketOptions, StreamHandlers } from "../socket/index.js";
import { readPins } from "./certificate-pin.js";
import type { Pins } from "./certificate-pin.js";
import { readTarget } from "./connect-target.js";
import type { ConnectTarget } from "./connect-target.js";
import { defaultRuntime } from "./default-runtime.js";
import { resolveDeflate } from "./deflate-settings.js";
import type { CompressorOptions, DeflateSettings } from "./deflate-settings.js";
import { createTlsContext, tlsFileNames } from "./tls-files.js";
import type { TlsFiles } from "./tls-files.js";

/** Compression of messages, as a client offers it. */
export interface ConnectDeflateOptions extends DeflateOptions, CompressorOptions {}

interface CommonConnectOptions<Data> extends SocketOptions, TlsFiles {
  /** The sub-protocols offered, in order of preference. */
  readonly protocols?: string | readonly string[];
  /** Further headers of the request; not those of the handshake itself. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The Origin header. Only browsers need one. @default none */
  readonly origin?: string;
  /** Offers permessage-deflate. @default false */
  readonly perMessageDeflate?: boolean | ConnectDeflateOptions;
  /** How long everything up to the answer may take, in milliseconds. @default 10000 */
  readonly handshakeTimeoutMs?: number;
  /** Cancels the attempt; without effect once the socket is open. */
  readonly signal?: AbortSignal;
  /** Becomes `socket.data`. */
  readonly data?: Data;
  /** The name that the server's certificate must have, and that is asked for. @default the URL's host */
  readonly servername?: string;
  /**
   * false accepts any certificate, unless it is none of `pin`: whoever is on the way can then read and change everything.
   * @default true, but with `pin` and without `ca` false
   */
  readonly rejectUnauthorized?: boolean;
  /**
   * SHA-256 fingerprints of certificates, as OpenSSL and browsers print them: the server must show one of these. Alone it takes
   * the place of every other check, of authority, name and dates: a pin names one certificate, and only the owner of its
   * key can show it. With `ca`, or `rejectUnauthorized: true`, it comes on top. For wss: only. @default none
   */
  readonly pin?: string | readonly string[];
  /** Makes the connection instead: a proxy's, for example. Its own options go before those given here. */
  readonly agent?: Agent;
  /** A Unix socket or named pipe to connect to; the URL's host goes into the Host header only. */
  readonly socketPath?: string;
  /** As for `net.connect`. */
  readonly lookup?: LookupFunction;
  /** As for `net.connect`: 4 or 6. */
  readonly family?: number;
  /** As for `net.connect`. */
  readonly localAddress?: string;
  /** Sends the URL's credentials although ws: shows them to everyone on the way. @default false */
  readonly allowPlain?: boolean;
  /** @default the one of the process */
  readonly runtime?: Runtime;
}

/** For whole messages, the default. */
export interface MessageConnectOptions<Data = unknown> extends CommonConnectOptions<Data> {
  readonly mode?: "message";
  /** Given: messages are pushed. Absent: they wait for `receive`. */
  readonly handlers?: Omit<Handlers<Data>, "admit">;
}

/** For messages that are read while they arrive. */
export interface StreamConnectOptions<Data = unknown> extends CommonConnectOptions<Data> {
  readonly mode: "stream";
  /** Given: messages are pushed. Absent: they wait for `receiveStream`. */
  readonly handlers?: Omit<StreamHandlers<Data>, "admit">;
}

export type ConnectOptions<Data = unknown> = MessageConnectOptions<Data> | StreamConnectOptions<Data>;

export const connectDefaults = { handshakeTimeoutMs: 10_000 } as const;

const otherNames = [
  ...tlsFileNames,
  "protocols",
  "headers",
  "origin",
  "perMessageDeflate",
  "handshakeTimeoutMs",
  "signal",
  "handlers",
  "data",
  "servername",
  "rejectUnauthorized",
  "pin",
  "agent",
  "socketPath",
  "lookup",
  "family",
  "localAddress",
  "allowPlain",
  "runtime",
] as const satisfies readonly (keyof ConnectOptions)[];

/** The options checked, and what they say of the request. */
export interface ResolvedConnect<Data> {
  readonly target: ConnectTarget;
  readonly protocols: readonly string[];
  /** The text of Sec-WebSocket-Extensions; "" for none. */
  readonly extensions: string;
  readonly deflate: DeflateSettings | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly handshakeTimeoutMs: number;
  readonly pins: Pins | null;
  /** Whether Node checks authority, name and dates. */
  readonly rejectUnauthorized: boolean;
  readonly socket: ResolvedSocketOptions;
  readonly runtime: Runtime;
  readonly given: ConnectOptions<Data>;
}

/** @throws UsageError INVALID_ARGUMENT; ConnectionError TLS_INVALID */
export function resolveConnect<Data>(url: string | URL, given: ConnectOptions<Data>): ResolvedConnect<Data> {
  checkOptionNames("connect", given, [...socketOptionNames, ...otherNames]);
  checkHeartbeatNames(given.heartbeat);
  const target = readTarget(url, checkBoolean("allowPlain", given.allowPlain ?? false));
  const pins = given.pin === undefined ? null : readPins(given.pin);
  if (pins !== null && !target.secure) throw refuse("pin", "needs a server with a certificate: use wss:");
  const isPinEnough = pins !== null && given.ca === undefined;
  if (target.secure) createTlsContext(given);
  const runtime = given.runtime ?? defaultRuntime();
  const deflate = resolveDeflate(given.perMessageDeflate ?? false, "client", runtime);
  const extensions = offer(deflate);
  const protocols = typeof given.protocols === "string" ? [given.protocols] : [...(given.protocols ?? [])];
  const resolved: ResolvedConnect<Data> = {
    target,
    protocols,
    extensions,
    deflate,
    headers: addAuthorization(given.headers ?? {}, target.authorization),
    handshakeTimeoutMs: checkLimit(
      "handshakeTimeoutMs",
      given.handshakeTimeoutMs ?? connectDefaults.handshakeTimeoutMs,
    ),
    pins,
    rejectUnauthorized: checkBoolean("rejectUnauthorized", given.rejectUnauthorized ?? !isPinEnough),
    socket: resolveSocketOptions(given, "client"),
    runtime,
    given,
  };
  checkRequest(resolved);
  return resolved;
}

/** Whatever cannot be sent is refused here, by those who write requests, and not in the middle of one. */
function checkRequest<Data>({ target, protocols, extensions, headers, given }: ResolvedConnect<Data>): void {
  formatUpgradeRequest({
    target: target.path,
    host: target.host,
    key: "",
    protocols,
    extensions,
    headers,
    ...(given.origin !== undefined && { origin: given.origin }),
  });
}

function addAuthorization(
  headers: Readonly<Record<string, string>>,
  authorization: string | undefined,
): Readonly<Record<string, string>> {
  if (authorization === undefined) return headers;
  if (Object.keys(headers).some((name) => name.toLowerCase() === "authorization")) {
    throw refuse("headers", "has Authorization, and the URL has credentials, too: give one of them");
  }
  return { ...headers, Authorization: authorization };
}

/** Where there is no memory for the server's window, it is asked to forget it. */
function offer(settings: DeflateSettings | null): string {
  if (settings === null) return "";
  const { options, port } = settings;
  const wanted = { windowBits: options.serverMaxWindowBits ?? 15, takeover: true };
  const keeps = options.serverNoContextTakeover === false && port.canKeep(wanted);
  return offerDeflate({ ...options, serverNoContextTakeover: !keeps });
}

function refuse(name: string, what: string): UsageError {
  return new UsageError("INVALID_ARGUMENT", `${name} ${what}`, { facts: { name } });
}
