import { SUB_PROTOCOL } from "../messages/index.js";
import { createMisuse } from "./client-errors.js";
import type { ClientOptions, ClientHeartbeatOptions, OutgoingQueueOptions, ReconnectOptions } from "./client-types.js";

/** Every option, with its value. */
export interface ResolvedClientOptions extends Required<Omit<ClientOptions, "login" | "heartbeat">> {
  readonly login: unknown;
  readonly reconnect: Required<ReconnectOptions> | false;
  readonly queue: Required<OutgoingQueueOptions>;
  /** What is sent as heartbeat, and understood as one; false: messages are left alone. */
  readonly heartbeat: Required<ClientHeartbeatOptions> | false;
  /** Whether this side sends it. */
  readonly beats: boolean;
}

const reconnectDefaults: Required<ReconnectOptions> = {
  mode: "jitter",
  initialDelayMs: 500,
  maxDelayMs: 30_000,
  stableMs: 5000,
  maxAttempts: Infinity,
  codes: {},
};

const queueDefaults: Required<OutgoingQueueOptions> = {
  maxMessages: 1000,
  maxBytes: 1_048_576,
  whileOffline: "queue",
  timeToLiveMs: Infinity,
};

const heartbeatDefaults: Required<ClientHeartbeatOptions> = {
  intervalMs: 25_000,
  timeoutMs: 20_000,
  ping: "Ping",
  pong: "Pong",
};

const choices: Readonly<Record<string, readonly string[]>> = {
  envelope: ["gateway", "none"],
  mode: ["jitter", "fixed"],
  whileOffline: ["queue", "reject"],
};

/** @throws UsageError INVALID_ARGUMENT for a name or a value that is not one of an option */
export function resolveClientOptions(options: ClientOptions, canPing: boolean): ResolvedClientOptions {
  const isGateway = options.envelope !== "none";
  const given = merge("", options, {
    envelope: "gateway",
    protocols: isGateway ? [SUB_PROTOCOL] : [],
    login: undefined,
    reconnect: {},
    connectTimeoutMs: 10_000,
    loginTimeoutMs: 30_000,
    requestTimeoutMs: 30_000,
    closeTimeoutMs: 10_000,
    heartbeat: undefined,
    queue: {},
  } satisfies Record<keyof ClientOptions, unknown> as ResolvedDraft); // what `merge` keeps is of these types
  const { heartbeat } = given;
  return {
    ...given,
    reconnect: given.reconnect !== false && merge("reconnect.", given.reconnect, reconnectDefaults),
    queue: merge("queue.", given.queue, queueDefaults),
    heartbeat: (isGateway || !!heartbeat) && merge("heartbeat.", heartbeat || {}, heartbeatDefaults),
    beats: heartbeat !== false && (heartbeat !== undefined || (isGateway && !canPing)),
  };
}

type ResolvedDraft = Required<Omit<ClientOptions, "heartbeat">> & {
  readonly heartbeat: ClientHeartbeatOptions | false | undefined;
};

/** What is undefined is not given. Numbers are milliseconds and counts: above 0, Infinity for no limit. */
function merge<Options extends object>(prefix: string, given: object, defaults: Options): Options {
  const merged = { ...defaults } as Record<string, unknown>; // looked up by name
  for (const [name, value] of Object.entries(given)) {
    if (!(name in defaults)) throw createMisuse(prefix + name, value, `one of ${Object.keys(defaults).join()}`);
    if (value === undefined) continue;
    if (typeof merged[name] === "number" && !(typeof value === "number" && value > 0)) {
      throw createMisuse(prefix + name, value, "a number above 0");
    }
    const allowed = choices[name];
    if (allowed?.includes(value as string) === false) throw createMisuse(prefix + name, value, allowed.join());
    merged[name] = value;
  }
  return merged as Options; // the same names, and values of the same kinds
}
