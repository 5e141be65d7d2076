import type { HawserError } from "../internal/errors.js";
import type { SchemaInput, SchemaOutput, StandardSchema } from "../messages/index.js";
import type { Runtime } from "../socket/index.js";
import type { HandshakeInfo, Handlers } from "../socket/service.js";
import type { Backplane } from "./backplane.js";

/** Who logged in. `authenticate` makes it; actions see it. */
export interface GatewayUser<Data = unknown> {
  /** Names the user; the same for all devices. 1 to 255 characters. */
  readonly id: string;
  /** The application's own. */
  readonly data?: Data;
}

/** One login of a user on one connection; it outlives the connection for the resume window. */
export interface Session<UserData = unknown> {
  /** Unique, not secret. */
  readonly id: string;
  readonly user: GatewayUser<UserData>;
  /** The channels subscribed. */
  readonly channels: ReadonlySet<string>;
  /** Whether a connection is there now. */
  readonly connected: boolean;
  /** The address of the connection, or of the last one. */
  readonly remoteAddress: string | undefined;
}

/** What an action's handler gets beside its data. */
export interface ActionContext<UserData = unknown> {
  /** undefined in a public action before login. */
  readonly session: Session<UserData> | undefined;
  readonly user: GatewayUser<UserData> | undefined;
  readonly action: string;
  /** undefined: nobody waits for an answer. */
  readonly pid: string | undefined;
  /** Aborted when the request is cancelled, its time is over, or its connection is lost. */
  readonly signal: AbortSignal;
  /** When the time is over, by the gateway's clock, in milliseconds. */
  readonly deadlineMs: number;
  readonly info: HandshakeInfo;
}

/** An action that needs a login: its context has a user. */
export interface UserActionContext<UserData = unknown> extends ActionContext<UserData> {
  readonly session: Session<UserData>;
  readonly user: GatewayUser<UserData>;
}

export interface ActionOptions<Input extends StandardSchema | undefined, Output extends StandardSchema | undefined> {
  /** Validates `data`; what it gives is what the handler gets. @default nothing is validated */
  readonly input?: Input;
  /** Validates what the handler returns. What does not pass is an INTERNAL error to the peer. @default nothing is validated */
  readonly output?: Output;
  /** Whether it may be used before login. @default false */
  readonly public?: boolean;
  /** Whether a repeated `pid` gets the stored response instead of a second run. @default false */
  readonly idempotent?: boolean;
  /** @default 30_000 */
  readonly timeoutMs?: number;
}

type MaybeLater<T> = T | Promise<T>;

export interface ChannelOptions<UserData = unknown> {
  /** Who may subscribe. @default true: every session */
  readonly subscribe?: boolean | ((session: Session<UserData>, channel: string) => MaybeLater<boolean>);
  /** Who may publish by the action `publish`. @default false: nobody */
  readonly publish?: boolean | ((session: Session<UserData>, channel: string, data: unknown) => MaybeLater<boolean>);
}

export interface PublishOptions {
  /** `actionAck` of the publication. @default "message" */
  readonly event?: string;
  /** Travels with the publication; later: what conflation goes by. */
  readonly key?: string;
}

/** Whom a push or a kick is for. */
export type Target = { readonly user: string } | { readonly session: string };

export interface GatewayLimits {
  /** @default 65_536 */ readonly maxMessageBytes: number;
  /** Before login. @default 4096 */ readonly maxMessageBytesBeforeLogin: number;
  /** @default 1000 */ readonly maxOutboxMessages: number;
  /** @default 1 MiB */ readonly maxOutboxBytes: number;
  /** @default 100 */ readonly maxRequestsInFlight: number;
  /** @default 128 */ readonly maxChannelsPerSession: number;
  /** @default 20 */ readonly maxSessionsPerUser: number;
  /** @default 10_000 */ readonly loginTimeoutMs: number;
  /** @default 5 */ readonly maxLoginAttempts: number;
  /** Malformed messages a minute before 4400. @default 10 */ readonly maxFaultsPerMinute: number;
  /** @default 60_000 */ readonly resumeWindowMs: number;
  /** @default 300_000 */ readonly storedResponseMs: number;
  /** @default 64 MiB */ readonly maxStoredResponseBytes: number;
}

/** One line of the audit log: who did what, and how it came out. `data` has secrets replaced. */
export interface AuditRecord {
  readonly what: "login" | "logout" | "request" | "push" | "disconnect";
  readonly session: string | undefined;
  readonly user: string | undefined;
  readonly action: string | undefined;
  readonly pid: string | undefined;
  /** "done", or the code of the refusal. */
  readonly outcome: string;
  readonly data?: unknown;
  readonly durationMs?: number;
  readonly remoteAddress: string | undefined;
}

export interface GatewayOptions<UserData = unknown> {
  /**
   * Who is it? Gets the `data` of a login, or undefined at the handshake, where headers may say it. null or undefined: nobody (at a login: LOGIN_REFUSED).
   * Throwing an `ActionError` refuses with its code; anything else is INTERNAL.
   */
  readonly authenticate: (data: unknown, info: HandshakeInfo) => MaybeLater<GatewayUser<UserData> | null | undefined>;
  /** Whether `authenticate` is asked at the handshake, too. @default false */
  readonly authenticateAtHandshake?: boolean;
  /** What `data` of the response to a login is. Asked before anything is changed; may be a promise; throwing is as in `authenticate`. @default none */
  readonly loginData?: (user: GatewayUser<UserData>) => unknown;
  /** @default in memory: one process */
  readonly backplane?: Backplane;
  readonly limits?: Partial<GatewayLimits>;
  /** Gets each error whose truth the peer is not told. @default dropped */
  readonly onError?: (error: HawserError, session: Session<UserData> | undefined) => void;
  /** @default none */
  readonly audit?: (record: AuditRecord) => void;
  /** A key that contains one of these, in whatever case, has its value hidden from the audit. @default password, passphrase, secret, token, resume, authorization, cookie */
  readonly redact?: readonly string[];
  /** Clock, timers and random bytes; the server's must be the same. @default the process's */
  readonly runtime?: Runtime;
}

export interface GatewayStats {
  readonly connections: number;
  readonly sessions: number;
  readonly users: number;
  readonly channels: number;
  readonly subscriptions: number;
  readonly requestsInFlight: number;
  readonly storedResponseBytes: number;
  readonly closedAsSlow: number;
}

/** Requests by `pid`, sessions and channels over WebSockets. It is a Service: `server.service("/gateway", gateway)`. */
export interface Gateway<UserData = unknown> extends Omit<Handlers, "close"> {
  /**
   * Defines what `action` does.
   * @throws UsageError INVALID_ARGUMENT for a reserved name, or one that is defined already
   */
  action<Input extends StandardSchema | undefined = undefined, Output extends StandardSchema | undefined = undefined>(
    name: string,
    options: ActionOptions<Input, Output> & { readonly public: true },
    handler: (data: SchemaOutput<Input>, context: ActionContext<UserData>) => MaybeLater<SchemaInput<Output>>,
  ): this;
  action<Input extends StandardSchema | undefined = undefined, Output extends StandardSchema | undefined = undefined>(
    name: string,
    options: ActionOptions<Input, Output>,
    handler: (data: SchemaOutput<Input>, context: UserActionContext<UserData>) => MaybeLater<SchemaInput<Output>>,
  ): this;
  /** Declares channels: a name, or a beginning followed by `*`. The longest that fits holds. */
  channel(pattern: string, options?: ChannelOptions<UserData>): this;
  /** Publishes to everyone subscribed, on every node. Settles when the backplane took it. */
  publish(channel: string, data: unknown, options?: PublishOptions): Promise<void>;
  /** Pushes an event to a session, or to all sessions of a user, on every node. */
  send(target: Target, event: string, data?: unknown): Promise<void>;
  /** Pushes an event to everyone logged in, on every node. */
  broadcast(event: string, data?: unknown): Promise<void>;
  /** Takes a channel away from sessions, on every node: each that had it gets the push `unsubscribed`. They may ask for it again. */
  unsubscribe(target: Target, channel: string): Promise<void>;
  /** Ends sessions: closes their connections and forgets them, so that they cannot be resumed. @param code 4403 by default */
  kick(target: Target, code?: number, reason?: string): Promise<void>;
  /** The sessions of this node. */
  readonly sessions: ReadonlyMap<string, Session<UserData>>;
  stats(): GatewayStats;
  /**
   * Ends every session and gives the backplane back. Connections are the server's to close, and that comes first.
   * (As the gateway is a service, the server calls it too, with the socket of a connection that is over: then it means only that.)
   */
  close(): Promise<void>;
}
