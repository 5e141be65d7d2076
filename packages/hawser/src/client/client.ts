import type { Clock, ScheduledCall } from "../internal/clock.js";
import { createDeferred } from "../internal/deferred.js";
import type { Deferred } from "../internal/deferred.js";
import { ConnectionError, UsageError } from "../internal/errors.js";
import type { HawserError } from "../internal/errors.js";
import { isChannelName } from "../messages/index.js";
import type { CloseReaction, PushMessage, ResponseMessage } from "../messages/index.js";
import { createMisuse, createTimeout } from "./client-errors.js";
import { resolveClientOptions } from "./client-options.js";
import type { ResolvedClientOptions } from "./client-options.js";
import type {
  Client,
  ClientClose,
  ClientCounters,
  ClientEvents,
  ClientOptions,
  ClientState,
  ClientUrl,
  EventIterator,
  RequestOptions,
  SendOptions,
  Subscription,
} from "./client-types.js";
import type { Connection, ConnectionEnd, Connector } from "./connector.js";
import { createEventQueue } from "./event-queue.js";
import type { EventQueue, Iterators } from "./event-queue.js";
import { createLogins } from "./logins.js";
import type { Logins } from "./logins.js";
import { createMessageLink, pushKey } from "./message-link.js";
import type { MessageLink } from "./message-link.js";
import { countBytes } from "./outgoing-queue.js";
import { createPending, startTimer } from "./pending.js";
import type { Pending } from "./pending.js";
import type { ClientPlatform } from "./platform.js";
import { freshMemory, planReturn, soonMs } from "./reconnect-policy.js";
import type { ReturnMemory } from "./reconnect-policy.js";
import { RequestError } from "./request-error.js";
import { step } from "./session-table.js";
import type { SessionEffect, SessionEvent } from "./session-table.js";

/**
 * Creates a client of `url` over `connector`. It does nothing before `connect`.
 * @throws UsageError INVALID_ARGUMENT for a URL or an option that cannot be
 */
export function createClientCore(
  connector: Connector,
  platform: ClientPlatform,
  url: ClientUrl,
  options: ClientOptions = {},
): Client {
  return new ClientActor(connector, platform, url, options);
}

/** One attempt at a connection, and the connection that comes of it. */
interface Attempt {
  connection?: Connection;
  isOver?: boolean;
  /** It was open before its connector had returned it. */
  isEarly?: boolean;
  /** What the server said to the login. */
  login?: ResponseMessage;
  /** When it was open and logged in. */
  openedAt?: number;
  /** Why the client ends it itself. */
  error?: unknown;
  verdict?: CloseReaction | "disconnect";
  retryAfterMs?: number | undefined;
}

/**
 * The actor. Whatever happens, a call, a timer, an event of the connection, is a turn of `#events`; `#fire` makes every change
 * of state by the table. An attempt that is over has no say any more.
 */
class ClientActor implements Client {
  readonly #connector: Connector;
  readonly #clock: Clock;
  readonly #platform: ClientPlatform;
  readonly #options: ResolvedClientOptions;
  readonly #urls: readonly ClientUrl[];
  readonly #events: EventQueue;
  readonly #link: MessageLink;
  readonly #logins: Logins;
  readonly #effects: Readonly<Record<SessionEffect, () => void>> = {
    dial: () => this.#dial(),
    "log-in": () => this.#logIn(),
    welcome: () => this.#welcome(),
    close: () => this.#close(),
    wait: () => this.#startTimer(this.#lastClose?.retryInMs, () => this.#fire("due")),
    finish: () => this.#finish(),
  };

  #state: ClientState = "disconnected";
  #attempt: Attempt = { isOver: true };
  /** The one timer of the present state. */
  #timer: ScheduledCall | undefined;
  #memory: ReturnMemory = freshMemory;
  #attempts = 0;
  #urlIndex = 0;
  #url: string | undefined;
  #lastClose: ClientClose | undefined;
  #isHinted = false;
  #unwatch: (() => void) | undefined;
  readonly #connects: Set<Pending<void>> = new Set();
  readonly #disconnects: Deferred<void>[] = [];
  #closeArguments: [code: number, reason: string] = [1000, ""];
  /** Why the client is about to be disconnected; undefined: it was asked to. */
  #fatal: HawserError | undefined;
  readonly #iterators: Iterators = new Set();

  constructor(connector: Connector, platform: ClientPlatform, url: ClientUrl, options: ClientOptions) {
    this.#connector = connector;
    this.#platform = platform;
    this.#options = resolveClientOptions(options, connector.capabilities.ping);
    this.#urls = [url].flat() as readonly ClientUrl[];
    if (this.#urls.length === 0 || !this.#urls.every(Boolean)) throw createMisuse("url", url, "one, or several");
    const events = createEventQueue((error) => platform.report?.(error));
    this.#events = events;
    const { clock } = platform;
    this.#clock = {
      now: () => clock.now(),
      // whatever a timer does is a turn
      schedule: (callback, delayMs) => clock.schedule(() => events.run(callback), delayMs),
    };
    const parts = { clock: this.#clock, events, isWanted: () => this.#isWanted };
    this.#link = createMessageLink({
      ...parts,
      options: this.#options,
      fill: platform.random,
      random: this.#random,
      onSilence: (error) => this.#abandon(error),
      onLogin: ({ session, resume }) => {
        this.#logins.session = session;
        this.#logins.resume = resume;
      },
    });
    const { login, loginTimeoutMs: timeoutMs } = this.#options;
    this.#logins = createLogins({ ...parts, link: this.#link, timeoutMs }, login);
  }

  get state(): ClientState {
    return this.#state;
  }

  get session(): string | undefined {
    return this.#logins.session;
  }

  get url(): string | undefined {
    return this.#url;
  }

  get queued(): number {
    return this.#link.queued;
  }

  get lastClose(): ClientClose | undefined {
    return this.#lastClose;
  }

  get counters(): ClientCounters {
    return { ...this.#link.counters };
  }

  // --- commands ---

  connect(options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#events.run(() => {
      const isFirst = !this.#isWanted;
      const waiter = createPending<void>(this.#clock, options, () => {
        this.#connects.delete(waiter);
        // who began it and gives up, ends it
        if (isFirst && this.#connects.size === 0 && this.#state !== "open") void this.disconnect();
      });
      if (this.#state === "open") waiter.resolve();
      if (waiter.isSettled) return waiter.promise;
      this.#connects.add(waiter);
      if (this.#state === "disconnected") this.#fire("connect");
      return waiter.promise;
    });
  }

  disconnect(code = 1000, reason = ""): Promise<void> {
    if (code !== 1000 && !(code >= 3000 && code <= 4999)) throw createMisuse("code", code, "1000 or 3000 to 4999");
    if (countBytes(reason) > 123) throw createMisuse("reason", reason, "at most 123 bytes");
    return this.#events.run(() => {
      const settled = createDeferred<void>();
      this.#failAll(new ConnectionError("CONNECTION_CLOSED", "disconnect was called"));
      this.#events.keepOnly("state", "close", "error", "end");
      this.#fatal = undefined;
      this.#attempt.verdict = "disconnect";
      this.#disconnects.push(settled);
      if (this.#state !== "closing") this.#closeArguments = [code, reason];
      if (this.#state === "disconnected") this.#settleDisconnects();
      else this.#fire("disconnect");
      return settled.promise;
    });
  }

  login(credentials?: unknown): Promise<unknown> {
    return this.#events.run(() => this.#logins.add("login", credentials));
  }

  logout(): Promise<void> {
    return this.#events.run(() => {
      // what it answers is nothing
      if (this.#link.isOpen || this.#state === "logging-in") return this.#logins.add("logout") as Promise<void>;
      this.#logins.forget();
      return Promise.resolve();
    });
  }

  // --- messages ---

  request(action: string, data?: unknown, options: RequestOptions = {}): Promise<unknown> {
    return this.#events.run(() => this.#link.request({ action, data }, options));
  }

  publish(
    channel: string,
    data: unknown,
    options: RequestOptions & { readonly event?: string; readonly key?: string } = {},
  ): Promise<void> {
    const { event, key } = options;
    const message = { action: "publish", channel, event, key, data };
    return this.#events.run(() => this.#link.request(message, options)) as Promise<void>; // what it answers is nothing
  }

  send(message: string | Uint8Array | object, options: SendOptions = {}): Promise<void> {
    return this.#events.run(() => this.#link.send(message, options));
  }

  subscribe(channel: string): Subscription {
    if (!isChannelName(channel)) throw createMisuse("channel", channel, "1 to 255 of A-Z a-z 0-9 : _ . -");
    return this.#events.run(() => this.#link.subscriptions.subscribe(channel));
  }

  on<Name extends keyof ClientEvents>(name: Name, handler: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, handler);
  }

  onPush(event: string, handler: (data: unknown, message: PushMessage) => void): () => void {
    return this.#events.on(pushKey(event), handler);
  }

  events<Name extends keyof ClientEvents>(name: Name): EventIterator<ClientEvents[Name]> {
    return this.#events.iterate(name, this.#iterators);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  // --- the session ---

  /** Whether there is a connection, or one is to come. */
  get #isWanted(): boolean {
    if (this.#state === "disconnected") return false;
    return this.#state !== "closing" || this.#attempt.verdict !== "disconnect" || this.#connects.size > 0;
  }

  readonly #random = (): number => {
    const words = new Uint32Array(1);
    this.#platform.random(new Uint8Array(words.buffer));
    return (words[0] ?? 0) / 2 ** 32;
  };

  #fire(event: SessionEvent): void {
    this.#events.run(() => {
      const previous = this.#state;
      const [state, effect] = step(previous, event);
      this.#state = state;
      if (state !== previous) {
        this.#timer?.cancel();
        this.#timer = undefined;
        this.#events.emit("state", { state, previous });
      }
      if (effect !== undefined) this.#effects[effect]();
    });
  }

  #startTimer(delayMs: number | undefined, callback: () => void): void {
    this.#timer = startTimer(this.#clock, delayMs, callback);
  }

  #dial(): void {
    const attempt: Attempt = {};
    this.#attempt = attempt;
    this.#attempts++;
    this.#unwatch ??= this.#platform.watchNetwork?.((isOnline) =>
      this.#events.run(() => this.#networkChanged(isOnline)),
    );
    const { connectTimeoutMs } = this.#options;
    this.#startTimer(connectTimeoutMs, () => this.#abandon(createTimeout(connectTimeoutMs, "HANDSHAKE_TIMEOUT")));
    try {
      const source = this.#urls[this.#urlIndex % this.#urls.length];
      const url: unknown = typeof source === "function" ? source() : source;
      if (typeof url === "string" || url instanceof URL) return this.#open(attempt, url);
      Promise.resolve(url).then(
        (late) => this.#open(attempt, late),
        (error: unknown) => this.#ended(attempt, createLoss(error)),
      );
    } catch (error) {
      this.#ended(attempt, createLoss(error));
    }
  }

  #open(attempt: Attempt, url: unknown): void {
    this.#events.run(() => {
      if (attempt.isOver) return;
      this.#url = String(url);
      try {
        attempt.connection = this.#connector.open(this.#url, this.#options.protocols, {
          onOpen: () => this.#opened(attempt),
          onMessage: (message) => {
            if (!attempt.isOver && this.#state !== "closing") this.#events.run(() => this.#link.received(message));
          },
          onClosed: (end) => this.#ended(attempt, end),
        });
        if (attempt.isEarly) this.#opened(attempt);
      } catch (error) {
        this.#ended(attempt, createLoss(error));
      }
    });
  }

  #opened(attempt: Attempt): void {
    attempt.isEarly = true;
    if (attempt.isOver || this.#state !== "connecting" || attempt.connection === undefined) return;
    this.#link.use(attempt.connection);
    this.#fire(this.#logins.isDue() ? "login-due" : "opened");
  }

  #logIn(): void {
    const attempt = this.#attempt;
    const { loginTimeoutMs } = this.#options;
    this.#startTimer(loginTimeoutMs, () => this.#abandon(createTimeout(loginTimeoutMs)));
    this.#logins.begin({
      onDone: (response) => {
        attempt.login = response;
        this.#fire("logged-in");
      },
      onFailed: (error) => {
        const answer = error instanceof RequestError ? error.answer : undefined;
        attempt.error = error;
        attempt.verdict = answer?.temporary === false ? "never" : "backoff";
        attempt.retryAfterMs = answer?.retryAfterMs;
        this.#closeArguments = [1000, ""];
        this.#fire("refused");
      },
    });
  }

  #welcome(): void {
    const { login } = this.#attempt;
    const attempts = this.#attempts;
    this.#attempts = 0;
    this.#attempt.openedAt = this.#clock.now();
    this.#link.open(login?.channels ?? []);
    for (const waiter of takeAll(this.#connects)) waiter.resolve();
    this.#events.emit("open", { resumed: login?.resumed === true, attempts });
    this.#logins.pump();
  }

  #close(): void {
    const { connection } = this.#attempt;
    const { closeTimeoutMs } = this.#options;
    this.#link.close();
    this.#startTimer(closeTimeoutMs, () => this.#abandon(createTimeout(closeTimeoutMs, "CLOSE_TIMEOUT")));
    try {
      if (connection === undefined) this.#abandon(undefined);
      else connection.close(...this.#closeArguments);
    } catch (error) {
      this.#abandon(error);
    }
  }

  #finish(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#memory = freshMemory;
    this.#attempts = 0;
    const error = this.#fatal;
    this.#fatal = undefined;
    if (error !== undefined) this.#failAll(error);
    this.#settleDisconnects();
    this.#events.end(this.#iterators);
    // called while it was closing
    if (this.#connects.size > 0) this.#fire("connect");
  }

  #settleDisconnects(): void {
    for (const settled of this.#disconnects.splice(0)) settled.resolve();
  }

  /** Ends the attempt now, whatever its connection still does. */
  #abandon(error: unknown): void {
    const attempt = this.#attempt;
    attempt.error ??= error;
    try {
      attempt.connection?.abort();
    } catch {
      // it is over in any case
    }
    this.#ended(attempt, createLoss(error));
  }

  #ended(attempt: Attempt, facts: ConnectionEnd): void {
    if (attempt.isOver) return;
    this.#events.run(() => {
      attempt.isOver = true;
      const end = { ...facts, error: attempt.error ?? facts.error };
      this.#link.close();
      this.#link.lose();
      this.#logins.interrupt();
      if (attempt.openedAt === undefined) this.#urlIndex++;
      const close = this.#plan(attempt, end);
      this.#lastClose = close;
      this.#events.emit("close", close);
      this.#fire(close.retryInMs === undefined ? "ended" : "lost");
    });
  }

  /** What comes next. */
  #plan({ openedAt, verdict, retryAfterMs }: Attempt, end: ConnectionEnd): ClientClose {
    if (verdict === "disconnect") return { ...end, reaction: verdict, retryInMs: undefined };
    const facts = {
      end,
      openMs: openedAt === undefined ? 0 : this.#clock.now() - openedAt,
      canLogin: this.#logins.canLogin(),
      // a mistake of the caller's stays one
      verdict: end.error instanceof UsageError ? "never" : verdict,
      retryAfterMs,
    } as const;
    const { memory, isHinted, reaction, retryInMs } = planReturn(
      this.#memory,
      facts,
      this.#options.reconnect,
      this.#random,
    );
    this.#memory = memory;
    this.#isHinted = isHinted;
    if (retryInMs === undefined) this.#fatal = createFatal(end, openedAt !== undefined);
    return { ...end, reaction, retryInMs };
  }

  /** Settles everything that waits: there will be no connection for it. */
  #failAll(error: HawserError): void {
    for (const waiter of takeAll(this.#connects)) waiter.reject(error);
    this.#logins.failAll(error);
    this.#link.failAll(error);
  }

  #networkChanged(isOnline: boolean): void {
    this.#link.probe();
    if (this.#state !== "waiting" || !isOnline || this.#isHinted) return;
    this.#timer?.cancel();
    this.#startTimer(soonMs(this.#random), () => this.#fire("due"));
  }
}

function createLoss(error: unknown): ConnectionEnd {
  return { code: 1006, reason: "", clean: false, error };
}

/** Why there will be no connection any more. */
function createFatal(end: ConnectionEnd, wasOpen: boolean): HawserError {
  if (end.error instanceof RequestError) return end.error;
  const code = wasOpen ? "CONNECTION_CLOSED" : "CONNECT_FAILED";
  return new ConnectionError(code, `ended with ${end.code} ${end.reason}`, {
    facts: { code: end.code },
    cause: end.error,
  });
}

function takeAll<T>(items: Set<T>): readonly T[] {
  const all = [...items];
  items.clear();
  return all;
}
