import { checkLimit, MAX_LIMIT } from "../internal/check-limit.js";
import { UsageError } from "../internal/errors.js";
import { type RateLimitOptions, type ResolvedRateLimit, resolveRateLimit } from "./rate-limit-options.js";

/** Keeps a connection alive through proxies and finds out when the peer is gone. Any traffic counts as a sign of life. */
export interface HeartbeatOptions {
  /** "frames": Ping and Pong frames. "text": text messages, for peers that cannot ping; they are consumed on both sides. @default "frames" */
  readonly mode?: "frames" | "text";
  /** After this long without a sign of life a ping is sent. @default 25000: proxies cut at 30 to 60 s */
  readonly intervalMs?: number;
  /** After this long without an answer the connection is lost. @default 20000: a dead peer is found within 45 s */
  readonly timeoutMs?: number;
  /** The text of a ping in text mode. @default "Ping" */
  readonly ping?: string;
  /** The text of its answer. @default "Pong" */
  readonly pong?: string;
  /** Whether only the answer to an outstanding ping counts, and no other traffic. @default false */
  readonly strictPong?: boolean;
}

/** Limits on bytes, parts and time. `Infinity` means none; otherwise 1 to 2^31-1. Reasons: docs/LIMITS.md. */
export interface SocketLimits {
  /** The longest message accepted, inflated. In stream mode messages have no size limit. @default 1 MiB */
  readonly maxMessageBytes?: number;
  /** @default 131072: fragments are joined as they come, so a count bounds work, not memory */
  readonly maxFramesPerMessage?: number;
  /** Empty fragments in a row. @default 1024 */
  readonly maxEmptyFrames?: number;
  /**
   * Ping and Pong frames received in one second; a pause in which we do not read is made up for. (A Close comes only once.)
   * @default 1000
   */
  readonly maxControlFramesPerSecond?: number;
  /**
   * What compressed messages may inflate to in one second; with more, reading slows down to it. Bounds the CPU time that a
   * peer of small messages can take. @default 32 MiB
   */
  readonly maxInflatedBytesPerSecond?: number;
  /** Above this `post` answers false and `drained` waits. @default 64 KiB */
  readonly softQueueBytes?: number;
  /** Above this `send` rejects QUEUE_FULL. An empty queue takes any one message. @default max(1 MiB, maxMessageBytes + 64 KiB) */
  readonly maxQueueBytes?: number;
  /** Messages that wait for `receive`; with more, reading stops. @default 16 */
  readonly maxReceiveMessages?: number;
  /** Bytes that wait for `receive`, or for the reader of a stream; with more, reading stops. @default 256 KiB */
  readonly maxReceiveBytes?: number;
  /** Nothing received for this long ends the connection. @default Infinity: the heartbeat covers it */
  readonly idleTimeoutMs?: number;
  /** How long the peer may take to answer a Close. @default 5000 on a server, 10000 on a client */
  readonly closeTimeoutMs?: number;
  /** How long the peer may take no bytes while some wait. @default 10000 */
  readonly writeTimeoutMs?: number;
}

export interface SocketOptions extends SocketLimits {
  /** "message": whole messages. "stream": messages that are read while they arrive. @default "message" */
  readonly mode?: "message" | "stream";
  /** Lends binary data to the `message` handler for the length of the call instead of giving it. Faster. @default false */
  readonly borrow?: boolean;
  /** Answers the peer's Close at once, with its code. false: the application does, within the close timeout. @default true */
  readonly autoClose?: boolean;
  /** false: none. @default on, with the defaults of its fields */
  readonly heartbeat?: HeartbeatOptions | false;
  /** How fast the peer may send messages. false: as fast as they can be read. @default false */
  readonly rateLimit?: RateLimitOptions | false;
  /**
   * The code of a Close for a peer that takes nothing: one that took no bytes for `writeTimeoutMs`, or was sent more than
   * `softQueueBytes` since it was last heard of when the heartbeat failed. 4000 to 4999. false: the connection is aborted,
   * with 1006. A gateway has 4008. @default false
   */
  readonly slowCloseCode?: number | false;
  /** Accepts lengths that are not in the shortest form, against RFC 6455 §5.2. For broken peers only. @default false */
  readonly allowNonMinimalLengths?: boolean;
}

export type ResolvedHeartbeat = Required<HeartbeatOptions>;

/** Options with every default filled in and every value checked. Shared by all sockets of a service. */
export interface ResolvedSocketOptions extends Required<
  Omit<SocketOptions, "heartbeat" | "rateLimit" | "slowCloseCode">
> {
  readonly heartbeat: ResolvedHeartbeat | null;
  readonly rateLimit: ResolvedRateLimit | null;
  readonly slowCloseCode: number | null;
}

const KIB = 1024;

/** The defaults, by the options' names; the close timeout has one for each side. */
export interface SocketDefaults extends Required<Omit<SocketLimits, "closeTimeoutMs" | "maxQueueBytes">> {
  readonly serverCloseTimeoutMs: number;
  readonly clientCloseTimeoutMs: number;
  readonly heartbeat: ResolvedHeartbeat;
}

export const socketDefaults: SocketDefaults = {
  maxMessageBytes: 1024 * KIB,
  maxFramesPerMessage: 131_072,
  maxEmptyFrames: 1024,
  maxControlFramesPerSecond: 1000,
  maxInflatedBytesPerSecond: 32 * 1024 * KIB,
  softQueueBytes: 64 * KIB,
  maxReceiveMessages: 16,
  maxReceiveBytes: 256 * KIB,
  idleTimeoutMs: Infinity,
  serverCloseTimeoutMs: 5000,
  clientCloseTimeoutMs: 10_000,
  writeTimeoutMs: 10_000,
  heartbeat: { mode: "frames", intervalMs: 25_000, timeoutMs: 20_000, ping: "Ping", pong: "Pong", strictPong: false },
};

/**
 * Fills in the defaults and checks every value.
 * @throws UsageError INVALID_ARGUMENT, naming the option, its value and what was expected
 */
export function resolveSocketOptions(options: SocketOptions, role: "client" | "server"): ResolvedSocketOptions {
  checkHeartbeatMode(options);
  const limit = (name: keyof SocketLimits, fallback: number): number => checkLimit(name, options[name] ?? fallback);
  const maxMessageBytes = limit("maxMessageBytes", socketDefaults.maxMessageBytes);
  const closeTimeoutMs = role === "server" ? socketDefaults.serverCloseTimeoutMs : socketDefaults.clientCloseTimeoutMs;
  return Object.freeze({
    mode: checkOneOf("mode", options.mode ?? "message", ["message", "stream"] as const),
    borrow: checkBoolean("borrow", options.borrow ?? false),
    autoClose: checkBoolean("autoClose", options.autoClose ?? true),
    allowNonMinimalLengths: checkBoolean("allowNonMinimalLengths", options.allowNonMinimalLengths ?? false),
    heartbeat: options.heartbeat === false ? null : resolveHeartbeat(options.heartbeat ?? {}),
    rateLimit: resolveRateLimit(options.rateLimit ?? false, checkLimit),
    slowCloseCode: resolveSlowCloseCode(options.slowCloseCode ?? false),
    maxMessageBytes,
    maxFramesPerMessage: limit("maxFramesPerMessage", socketDefaults.maxFramesPerMessage),
    maxEmptyFrames: limit("maxEmptyFrames", socketDefaults.maxEmptyFrames),
    maxControlFramesPerSecond: limit("maxControlFramesPerSecond", socketDefaults.maxControlFramesPerSecond),
    maxInflatedBytesPerSecond: limit("maxInflatedBytesPerSecond", socketDefaults.maxInflatedBytesPerSecond),
    softQueueBytes: limit("softQueueBytes", socketDefaults.softQueueBytes),
    maxQueueBytes: limit("maxQueueBytes", defaultQueueBytes(maxMessageBytes)),
    maxReceiveMessages: limit("maxReceiveMessages", socketDefaults.maxReceiveMessages),
    maxReceiveBytes: limit("maxReceiveBytes", socketDefaults.maxReceiveBytes),
    idleTimeoutMs: limit("idleTimeoutMs", socketDefaults.idleTimeoutMs),
    closeTimeoutMs: limit("closeTimeoutMs", closeTimeoutMs),
    writeTimeoutMs: limit("writeTimeoutMs", socketDefaults.writeTimeoutMs),
  });
}

function resolveSlowCloseCode(code: unknown): number | null {
  if (code === false) return null;
  if (typeof code === "number" && Number.isInteger(code) && code >= 4000 && code <= 4999) return code;
  throw new UsageError("INVALID_ARGUMENT", `slowCloseCode is ${String(code)}: expected false, or 4000 to 4999`, {
    facts: { name: "slowCloseCode", value: String(code) },
  });
}

function defaultQueueBytes(maxMessageBytes: number): number {
  const bytes = Math.max(1024 * KIB, maxMessageBytes + 64 * KIB);
  return bytes === Infinity ? Infinity : Math.min(bytes, MAX_LIMIT);
}

/** A stream is given out as it comes: a text heartbeat in it would be found too late. */
function checkHeartbeatMode({ mode, heartbeat }: SocketOptions): void {
  if (mode !== "stream" || heartbeat === false || heartbeat?.mode !== "text") return;
  throw new UsageError("INVALID_ARGUMENT", `heartbeat.mode is "text" in mode "stream": expected "frames"`, {
    facts: { name: "heartbeat.mode", value: "text" },
  });
}

function resolveHeartbeat(options: HeartbeatOptions): ResolvedHeartbeat {
  const defaults = socketDefaults.heartbeat;
  return Object.freeze({
    mode: checkOneOf("heartbeat.mode", options.mode ?? defaults.mode, ["frames", "text"] as const),
    intervalMs: checkLimit("heartbeat.intervalMs", options.intervalMs ?? defaults.intervalMs),
    timeoutMs: checkLimit("heartbeat.timeoutMs", options.timeoutMs ?? defaults.timeoutMs),
    ping: checkText("heartbeat.ping", options.ping ?? defaults.ping),
    pong: checkText("heartbeat.pong", options.pong ?? defaults.pong),
    strictPong: checkBoolean("heartbeat.strictPong", options.strictPong ?? defaults.strictPong),
  });
}

/**
 * Checks a limit that one socket is given, within that of its service.
 * @throws UsageError INVALID_ARGUMENT; INVALID_STATE in stream mode, where messages have no limit
 */
export function checkMessageLimit(value: unknown, { mode, maxMessageBytes }: ResolvedSocketOptions): number {
  if (mode === "stream") {
    throw new UsageError(
      "INVALID_STATE",
      `maxMessageBytes cannot be set in mode "stream": messages have no limit there`,
    );
  }
  const bytes = checkLimit("maxMessageBytes", value);
  if (bytes <= maxMessageBytes) return bytes;
  const message = `maxMessageBytes is ${bytes}: expected at most ${maxMessageBytes}, which the option allows`;
  throw new UsageError("INVALID_ARGUMENT", message, { facts: { value: bytes, limit: maxMessageBytes } });
}

export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new UsageError("INVALID_ARGUMENT", `${name} is ${String(value)}: expected true or false`, {
    facts: { name, value: String(value) },
  });
}

function checkText(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  const shown = value === "" ? "empty" : typeof value;
  throw new UsageError("INVALID_ARGUMENT", `${name} is ${shown}: expected a text`, { facts: { name, value: shown } });
}

export function checkOneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new UsageError(
    "INVALID_ARGUMENT",
    `${name} is ${String(value)}: expected ${allowed.map((a) => `"${a}"`).join(" or ")}`,
    {
      facts: { name, value: String(value) },
    },
  );
}
