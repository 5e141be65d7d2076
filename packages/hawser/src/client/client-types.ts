/// <reference lib="esnext.disposable" preserve="true" />
import type { HawserError } from "../internal/errors.js";
import type { CloseReaction, PushMessage } from "../messages/index.js";
import type { ClientMessage, ConnectionEnd } from "./connector.js";

/**
 * `disconnected`: at first, after `disconnect()`, and after an end that allows no return. `waiting`: for the next attempt.
 */
export type ClientState = "disconnected" | "connecting" | "logging-in" | "open" | "waiting" | "closing";

/** Where to connect to: one address, several that are tried in turn, or what finds it out anew for each attempt. */
export type ClientUrl = ClientAddress | readonly ClientAddress[];

/** A function that throws or rejects is a failed attempt. */
export type ClientAddress = string | URL | (() => string | URL | Promise<string | URL>);

/** How the last connection ended, and what the client does about it. */
export interface ClientClose extends ConnectionEnd {
  readonly reaction: CloseReaction | "disconnect";
  /** When the next attempt begins; undefined: none by itself. */
  readonly retryInMs: number | undefined;
}

export interface ReconnectOptions {
  /** "jitter": a random time up to a bound that doubles; "fixed": always `initialDelayMs`, as the original client did. @default "jitter" */
  readonly mode?: "jitter" | "fixed";
  /** The first bound (jitter), or the delay (fixed). @default 500 */
  readonly initialDelayMs?: number;
  /** The last bound. @default 30_000 */
  readonly maxDelayMs?: number;
  /** A connection that was open for so long sets the bound back. @default 5000 */
  readonly stableMs?: number;
  /** Attempts in a row before it gives up. @default Infinity */
  readonly maxAttempts?: number;
  /** What to do after close codes, beside those of the protocol: `{ 4100: "never" }`. */
  readonly codes?: Readonly<Record<number, CloseReaction>>;
}

/** A heartbeat of text messages, as browsers can send nothing else. */
export interface ClientHeartbeatOptions {
  /** @default 25_000 */ readonly intervalMs?: number;
  /** How long nothing may come after a ping. @default 20_000 */ readonly timeoutMs?: number;
  /** @default "Ping" */ readonly ping?: string;
  /** @default "Pong" */ readonly pong?: string;
}

export interface OutgoingQueueOptions {
  /** @default 1000 */ readonly maxMessages?: number;
  /** @default 1 MiB */ readonly maxBytes?: number;
  /** What `send` and `request` do without a connection: wait for one, or reject NOT_CONNECTED. @default "queue" */
  readonly whileOffline?: "queue" | "reject";
  /** How long a message may wait before it is given up (rejects TIMEOUT). @default Infinity for `send`, its `timeoutMs` for a request */
  readonly timeToLiveMs?: number;
}

export interface ClientOptions {
  /** "gateway": docs/PROTOCOL.md. "none": messages are the application's own, whatever they are. @default "gateway" */
  readonly envelope?: "gateway" | "none";
  /** @default ["hawser.v1"] with envelope "gateway", none otherwise */
  readonly protocols?: readonly string[];
  /** Credentials: the `data` of the login that follows every connection, or what makes them. @default no login */
  readonly login?: unknown;
  /** false: never. */
  readonly reconnect?: ReconnectOptions | false;
  /** @default 10_000 */ readonly connectTimeoutMs?: number;
  /** @default 30_000 */ readonly loginTimeoutMs?: number;
  /** @default 30_000 */ readonly requestTimeoutMs?: number;
  /** @default 10_000 */ readonly closeTimeoutMs?: number;
  /** @default on where the platform cannot ping */
  readonly heartbeat?: ClientHeartbeatOptions | false;
  readonly queue?: OutgoingQueueOptions;
}

export interface RequestOptions {
  /** @default the client's requestTimeoutMs */ readonly timeoutMs?: number;
  /** Cancels: rejects ABORTED, and tells the server. */ readonly signal?: AbortSignal;
  /** To ask again what may have been done: an idempotent action answers as it did. @default a new one */ readonly pid?: string;
}

export interface SendOptions {
  readonly signal?: AbortSignal;
  /** @default queue.timeToLiveMs */ readonly timeToLiveMs?: number;
}

/** What came on a channel. */
export interface Publication {
  readonly channel: string;
  readonly event: string;
  readonly data: unknown;
  readonly key: string | undefined;
}

/** Events for a reader that takes them when it likes: at most 1,000 wait, then the oldest are dropped. */
export interface EventIterator<T> extends AsyncIterableIterator<T> {
  /** How many were dropped because the reader was too slow. */
  readonly dropped: number;
}

/** What was received and is of no use; counted since the client was created. */
export interface ClientCounters {
  /** Responses to requests that nobody waits for (any more). */
  readonly lateAnswers: number;
  /** Messages that are none of the protocol. */
  readonly malformedMessages: number;
}

/** A wish to be subscribed: it is carried out on every connection until `unsubscribe`, `logout`, or the client is disconnected for good. */
export interface Subscription extends AsyncIterable<Publication> {
  readonly channel: string;
  readonly state: "subscribing" | "subscribed" | "ended";
  /** Why it ended: the server's refusal, or the client's own end. */
  readonly error: HawserError | undefined;
  /** Settles with the first subscription; rejects when the server refuses it for good. */
  readonly ready: Promise<void>;
  /** Calls `handler` for each publication. Returns what takes it off. */
  on(handler: (publication: Publication) => void): () => void;
  /** Settles when the server has done it, as far as there is a connection. Never rejects. */
  unsubscribe(): Promise<void>;
  /** The publications from now on; ends with the subscription. */
  [Symbol.asyncIterator](): EventIterator<Publication>;
}

export interface ClientEvents {
  /** The connection is open, and logged in where that is asked for. */
  open: { readonly resumed: boolean; readonly attempts: number };
  /** A connection, or an attempt at one, ended. Exactly one for each; a `disconnect` between two ends none. */
  close: ClientClose;
  /** Something went wrong that no promise tells. */
  error: HawserError;
  /** A push (gateway), or any message (none). `queued`: how many messages still wait to be sent. */
  message: { readonly message: PushMessage | ClientMessage; readonly queued: number };
  state: { readonly state: ClientState; readonly previous: ClientState };
}

/** A client that comes back. `connect`, `disconnect` and `login` are carried out one after the other; `disconnect` wins. */
export interface Client {
  readonly state: ClientState;
  /** The id of the session, once logged in. */
  readonly session: string | undefined;
  readonly url: string | undefined;
  /** Messages that wait to be sent. */
  readonly queued: number;
  /** The last end, if any. */
  readonly lastClose: ClientClose | undefined;
  readonly counters: ClientCounters;
  /**
   * Settles when the connection is open and, with credentials, logged in; goes on trying until then.
   * Rejects when that cannot be any more: `disconnect()`, a terminal close code, LOGIN_REFUSED, `maxAttempts`, `signal`.
   */
  connect(options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<void>;
  /** Closes the connection and stays away. Settles when it is over; never rejects. What waits to be sent is rejected. */
  disconnect(code?: number, reason?: string): Promise<void>;
  /** Logs in, now and on every later connection; without an argument again with what there is. Answers the response's `data`. */
  login(credentials?: unknown): Promise<unknown>;
  logout(): Promise<void>;
  /** Asks, and settles with the response's `data`. @throws (rejects) RequestError for a refusal; TIMEOUT, ABORTED, CONNECTION_LOST, QUEUE_FULL, NOT_CONNECTED */
  request(action: string, data?: unknown, options?: RequestOptions): Promise<unknown>;
  /**
   * Settles when the message was handed to the platform's socket; until then bytes must not be changed. Every object that is no Uint8Array is
   * sent as JSON: an ArrayBuffer would be `{}`.
   */
  send(message: string | Uint8Array | object, options?: SendOptions): Promise<void>;
  /** The same subscription for the same channel until it is unsubscribed. */
  subscribe(channel: string): Subscription;
  publish(
    channel: string,
    data: unknown,
    options?: RequestOptions & { readonly event?: string; readonly key?: string },
  ): Promise<void>;
  /** Calls `handler` at each event. Returns what takes it off. A handler that throws harms nobody else. */
  on<Name extends keyof ClientEvents>(name: Name, handler: (event: ClientEvents[Name]) => void): () => void;
  /** Calls `handler` for each push of that name (`actionAck`). A publication is its channel's: see `subscribe`. */
  onPush(event: string, handler: (data: unknown, message: PushMessage) => void): () => void;
  /** The events as they come, until the client has come to `disconnected`, also where a `connect` follows at once. */
  events<Name extends keyof ClientEvents>(name: Name): EventIterator<ClientEvents[Name]>;
  [Symbol.asyncDispose](): Promise<void>;
}
