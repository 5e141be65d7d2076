import type { Clock, ScheduledCall } from "../internal/clock.js";
import { createDeferred } from "../internal/deferred.js";
import type { Deferred } from "../internal/deferred.js";
import { ConnectionError, UsageError } from "../internal/errors.js";
import type { HawserError } from "../internal/errors.js";
import { isChannelName } from "../messages/index.js";
import type { CloseReaction, PushMessage, RequestMessage, ResponseMessage } from "../messages/index.js";
import { BoundedIterator } from "./bounded-iterator.js";
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
import type { ClientMessage, Connection, ConnectionEnd, Connector } from "./connector.js";
import { EventQueue } from "./event-queue.js";
import { Heartbeat } from "./heartbeat.js";
import { countBytes, OutgoingQueue } from "./outgoing-queue.js";
import type { QueuedMessage } from "./outgoing-queue.js";
import { createTimeout, Pending, startTimer } from "./pending.js";
import type { ClientPlatform } from "./platform.js";
import { freshMemory, planReturn, soonMs } from "./reconnect-policy.js";
import type { ReturnMemory } from "./reconnect-policy.js";
import { RequestError } from "./request-error.js";
import { Requests } from "./requests.js";
import type { RequestLimits } from "./requests.js";
import { step } from "./session-table.js";
import type { SessionEffect, SessionEvent } from "./session-table.js";
import { Subscriptions } from "./subscriptions.js";
import { parseIncoming, toJson, toWireError } from "./wire.js";
import type { Incoming } from "./wire.js";

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
  connection: Connection | undefined;
  isOver: boolean;
  /** It was open before its connector had returned it. */
  isEarly?: boolean;
  /** When it was open and logged in. */
  openedAt: number | undefined;
  /** Why the client ends it itself. */
  error?: unknown;
  verdict?: CloseReaction | "disconnect";
  retryAfterMs?: number | undefined;
}

/** `login` or `logout`, in the order of the calls. */
interface Command {
  readonly action: "login" | "logout";
  readonly credentials: unknown;
  readonly answer: Pending<unknown>;
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
  readonly #queue: OutgoingQueue;
  readonly #requests: Requests;
  readonly #subscriptions: Subscriptions;
  readonly #heartbeat: Heartbeat | undefined;
  readonly #effects: Readonly<Record<SessionEffect, () => void>> = {
    dial: () => this.#dial(),
    "log-in": () => this.#logIn(),
    welcome: () => this.#welcome(),
    close: () => this.#close(),
    wait: () => this.#wait(),
    finish: () => this.#finish(),
  };

  #state: ClientState = "disconnected";
  #attempt: Attempt | undefined;
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
  #disconnects: Deferred<void>[] = [];
  #closeArguments: [code: number, reason: string] = [1000, ""];
  /** Why the client is about to be disconnected; undefined: it was asked to. */
  #fatal: HawserError | undefined;

  #credentials: unknown;
  #session: string | undefined;
  #resume: string | undefined;
  #welcomeFacts: { resumed: boolean; kept: readonly string[] } = { resumed: false, kept: [] };
  #commands: Command[] = [];
  #command: Command | undefined;
  #malformed = 0;
  readonly #iterators: Set<BoundedIterator<never>> = new Set();

  constructor(connector: Connector, platform: ClientPlatform, url: ClientUrl, options: ClientOptions) {
    this.#connector = connector;
    this.#platform = platform;
    this.#options = resolveClientOptions(options, connector.capabilities.ping);
    this.#urls = Array.isArray(url) ? (url as readonly ClientUrl[]) : [url];
    if (this.#urls.length === 0 || this.#urls.some((one) => !one)) {
      throw new UsageError("INVALID_ARGUMENT", "url is missing", { facts: { name: "url" } });
    }
    this.#credentials = this.#options.login;
    const events = new EventQueue((error) => platform.report?.(error));
    this.#events = events;
    const { clock } = platform;
    // whatever a timer does is a turn
    this.#clock = {
      now: () => clock.now(),
      schedule: (callback, delayMs) => clock.schedule(() => events.run(callback), delayMs),
    };
    this.#queue = new OutgoingQueue(this.#clock, this.#options.queue);
    this.#requests = new Requests(this.#clock, platform.random);
    this.#subscriptions = new Subscriptions({
      clock: this.#clock,
      random: this.#random,
      events,
      ask: (message, onDone) => this.#ask(message, { timeoutMs: this.#options.requestTimeoutMs, onDone }, true),
      isOpen: () => this.#state === "open",
    });
    const { heartbeat, beats } = this.#options;
    if (heartbeat !== false && beats) {
      const onSilence = (): void =>
        this.#abandon(new ConnectionError("HEARTBEAT_TIMEOUT", `nothing came for ${heartbeat.timeoutMs} ms`));
      this.#heartbeat = new Heartbeat(this.#clock, heartbeat, () => this.#sendControl(heartbeat.ping), onSilence);
    }
  }

  get state(): ClientState {
    return this.#state;
  }

  get session(): string | undefined {
    return this.#session;
  }

  get url(): string | undefined {
    return this.#url;
  }

  get queued(): number {
    return this.#queue.size;
  }

  get lastClose(): ClientClose | undefined {
    return this.#lastClose;
  }

  get counters(): ClientCounters {
    return { lateAnswers: this.#requests.lateAnswers, malformedMessages: this.#malformed };
  }

  // --- commands ---

  connect(options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#events.run(() => {
      const isFirst = !this.#isWanted;
      const waiter: Pending<void> = new Pending(this.#clock, options, () =>
        this.#events.run(() => {
          this.#connects.delete(waiter);
          // who began it and gives up, ends it
          if (isFirst && this.#connects.size === 0 && this.#state !== "open") void this.disconnect();
        }),
      );
      if (this.#state === "open") waiter.resolve();
      if (waiter.isSettled) return waiter.promise;
      this.#connects.add(waiter);
      if (this.#state === "disconnected") this.#fire("connect");
      return waiter.promise;
    });
  }

  disconnect(code = 1000, reason = ""): Promise<void> {
    if (!(code === 1000 || (code >= 3000 && code <= 4999)) || countBytes(reason) > 123) {
      throw new UsageError("INVALID_ARGUMENT", `cannot close with ${code}: expected 1000 or 3000 to 4999, 123 bytes`, {
        facts: { name: "code", value: code },
      });
    }
    return this.#events.run(() => {
      const settled = createDeferred<void>();
      this.#failAll(new ConnectionError("CONNECTION_CLOSED", "disconnect was called"));
      this.#events.keepOnly("state", "close", "error", "end");
      this.#fatal = undefined;
      if (this.#attempt !== undefined) this.#attempt.verdict = "disconnect";
      if (this.#state === "disconnected") settled.resolve();
      else {
        this.#disconnects.push(settled);
        if (this.#state !== "closing") this.#closeArguments = [code, reason];
        this.#fire("disconnect");
      }
      return settled.promise;
    });
  }

  login(credentials?: unknown): Promise<unknown> {
    return this.#events.run(() => this.#addCommand("login", credentials));
  }

  logout(): Promise<void> {
    return this.#events.run(async () => {
      if (this.#state === "open" || this.#state === "logging-in") {
        await this.#addCommand("logout", undefined);
        return;
      }
      const error = new ConnectionError("ABORTED", "logout was called");
      for (const command of this.#commands.splice(0)) command.answer.reject(error);
      this.#forgetLogin(error);
    });
  }

  // --- messages ---

  request(action: string, data?: unknown, options: RequestOptions = {}): Promise<unknown> {
    return this.#askQueued({ action, data }, options);
  }

  publish(
    channel: string,
    data: unknown,
    options: RequestOptions & { readonly event?: string; readonly key?: string } = {},
  ): Promise<void> {
    const { event, key } = options;
    // what it answers is nothing
    return this.#askQueued({ action: "publish", channel, event, key, data }, options) as Promise<void>;
  }

  send(message: string | Uint8Array | object, options: SendOptions = {}): Promise<void> {
    return this.#events.run(() => {
      const sent: Pending<void> = new Pending(this.#clock, { signal: options.signal }, () => {
        if (queued !== undefined) this.#queue.remove(queued);
      });
      let queued: QueuedMessage | undefined;
      if (sent.isSettled) return sent.promise;
      try {
        const data = toMessage(message);
        queued = {
          message: data,
          bytes: countBytes(data),
          onTaken: () => sent.resolve(),
          onFailed: (error) => sent.reject(error),
        };
        this.#enqueue(queued, options.timeToLiveMs);
      } catch (error) {
        sent.reject(error);
      }
      return sent.promise;
    });
  }

  subscribe(channel: string): Subscription {
    if (!isChannelName(channel)) {
      throw new UsageError("INVALID_ARGUMENT", `"${channel}" is no channel's name`, {
        facts: { name: "channel", value: channel },
      });
    }
    return this.#events.run(() => this.#subscriptions.subscribe(channel));
  }

  on<Name extends keyof ClientEvents>(name: Name, handler: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, handler);
  }

  onPush(event: string, handler: (data: unknown, message: PushMessage) => void): () => void {
    return this.#events.on(pushKey(event), handler);
  }

  events<Name extends keyof ClientEvents>(name: Name): EventIterator<ClientEvents[Name]> {
    const iterator: BoundedIterator<ClientEvents[Name]> = new BoundedIterator(() => {
      off();
      this.#iterators.delete(iterator as BoundedIterator<never>);
    });
    const off = this.on(name, (event) => iterator.push(event));
    this.#iterators.add(iterator as BoundedIterator<never>); // only to end it
    return iterator;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }

  // --- the session ---

  /** Whether there is a connection, or one is to come. */
  get #isWanted(): boolean {
    if (this.#state === "disconnected") return false;
    return this.#state !== "closing" || this.#attempt?.verdict !== "disconnect" || this.#connects.size > 0;
  }

  readonly #random = (): number => {
    const bytes = new Uint8Array(4);
    this.#platform.random(bytes);
    return new DataView(bytes.buffer).getUint32(0) / 2 ** 32;
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

  #startTimer(delayMs: number, callback: () => void): void {
    this.#timer = startTimer(this.#clock, delayMs, callback);
  }

  #dial(): void {
    const attempt: Attempt = { connection: undefined, isOver: false, openedAt: undefined };
    this.#attempt = attempt;
    this.#attempts++;
    this.#unwatch ??= this.#platform.watchNetwork?.((isOnline) =>
      this.#events.run(() => this.#networkChanged(isOnline)),
    );
    const timeoutMs = this.#options.connectTimeoutMs;
    this.#startTimer(timeoutMs, () =>
      this.#abandon(
        new ConnectionError("HANDSHAKE_TIMEOUT", `no connection within ${timeoutMs} ms`, { facts: { timeoutMs } }),
      ),
    );
    const fail = (error: unknown): void => this.#ended(attempt, lost(error));
    try {
      const source = this.#urls[this.#urlIndex % this.#urls.length];
      const url = typeof source === "function" ? source() : source;
      if (url instanceof Promise) {
        url.then(
          (late) => this.#open(attempt, late),
          (error: unknown) => this.#events.run(() => fail(error)),
        );
      } else this.#open(attempt, url);
    } catch (error) {
      fail(error);
    }
  }

  #open(attempt: Attempt, url: unknown): void {
    this.#events.run(() => {
      if (attempt.isOver) return;
      this.#url = String(url);
      try {
        attempt.connection = this.#connector.open(this.#url, this.#options.protocols, {
          onOpen: () => this.#events.run(() => this.#opened(attempt)),
          onMessage: (message) => this.#events.run(() => this.#received(attempt, message)),
          onClosed: (end) => this.#events.run(() => this.#ended(attempt, end)),
        });
        if (attempt.isEarly) this.#opened(attempt);
      } catch (error) {
        this.#ended(attempt, lost(error));
      }
    });
  }

  #opened(attempt: Attempt): void {
    attempt.isEarly = true;
    if (attempt.isOver || this.#state !== "connecting" || attempt.connection === undefined) return;
    const isLoginDue = this.#credentials !== undefined || this.#commands[0]?.action === "login";
    this.#fire(isLoginDue ? "login-due" : "opened");
  }

  #logIn(): void {
    const attempt = this.#attempt;
    const { loginTimeoutMs } = this.#options;
    this.#startTimer(loginTimeoutMs, () => this.#abandon(createTimeout(loginTimeoutMs)));
    this.#command = this.#commands[0]?.action === "login" ? this.#commands.shift() : undefined;
    const source = this.#command?.credentials ?? this.#credentials;
    const onDone = (): void => {
      this.#credentials = source;
      this.#fire("logged-in");
    };
    const refused = (error: unknown): void => {
      if (attempt === undefined || attempt.isOver || this.#state !== "logging-in") return;
      const answer = error instanceof RequestError ? error.answer : undefined;
      attempt.error = error;
      attempt.verdict = answer?.temporary === false ? "never" : "backoff";
      attempt.retryAfterMs = answer?.retryAfterMs;
      this.#closeArguments = [1000, ""];
      this.#fire("refused");
    };
    readCredentials(source)
      .then((data) => {
        if (attempt?.isOver !== false || this.#state !== "logging-in") return undefined;
        const message = { action: "login", data, session: this.#session, resume: this.#resume };
        return this.#ask(message, { onDone: (response) => this.#loggedIn(response, onDone) }, true);
      })
      .catch((error: unknown) => this.#events.run(() => refused(error)));
  }

  /** Takes what the response to a login says. */
  #loggedIn(response: ResponseMessage, then: () => void): void {
    const { session, resume, resumed = false, channels = [], data } = response;
    this.#session = session;
    this.#resume = resume;
    this.#welcomeFacts = { resumed, kept: channels };
    const command = this.#command;
    this.#command = undefined;
    then();
    command?.answer.resolve(data);
  }

  #welcome(): void {
    const attempt = this.#attempt;
    const connection = attempt?.connection;
    if (attempt === undefined || connection === undefined) return; // the table does not let it happen
    const { resumed, kept } = this.#welcomeFacts;
    const attempts = this.#attempts;
    this.#welcomeFacts = { resumed: false, kept: [] };
    this.#attempts = 0;
    attempt.openedAt = this.#clock.now();
    this.#heartbeat?.start();
    this.#subscriptions.renew(kept);
    this.#queue.attach(connection);
    settleAll(this.#connects, (waiter) => waiter.resolve());
    this.#events.emit("open", { resumed, attempts });
    this.#pump();
  }

  #close(): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    this.#quiesce();
    const timeoutMs = this.#options.closeTimeoutMs;
    if (attempt.connection === undefined) return this.#ended(attempt, lost(undefined));
    this.#startTimer(timeoutMs, () =>
      this.#abandon(
        new ConnectionError("CLOSE_TIMEOUT", `not closed within ${timeoutMs} ms`, { facts: { timeoutMs } }),
      ),
    );
    try {
      attempt.connection.close(...this.#closeArguments);
    } catch (error) {
      this.#abandon(error);
    }
  }

  #wait(): void {
    this.#startTimer(this.#lastClose?.retryInMs ?? 0, () => this.#fire("due"));
  }

  #finish(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#memory = freshMemory;
    this.#attempts = 0;
    const error = this.#fatal;
    this.#fatal = undefined;
    if (error !== undefined) this.#failAll(error);
    for (const settled of this.#disconnects.splice(0)) settled.resolve();
    const iterators = [...this.#iterators];
    this.#events.defer("end", () => {
      for (const iterator of iterators) iterator.end();
    });
    // called while it was closing
    if (this.#connects.size > 0) this.#fire("connect");
  }

  /** Ends the attempt now, whatever its connection still does. */
  #abandon(error: unknown): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    attempt.error ??= error;
    try {
      attempt.connection?.abort();
    } catch {
      // it is over in any case
    }
    this.#ended(attempt, lost(error));
  }

  #ended(attempt: Attempt, facts: ConnectionEnd): void {
    if (attempt.isOver) return;
    attempt.isOver = true;
    this.#attempt = undefined;
    const { verdict, openedAt } = attempt;
    const end = attempt.error === undefined ? facts : { ...facts, error: attempt.error };
    this.#quiesce();
    this.#requests.lose();
    // a login that was cut off is the next connection's
    if (this.#command?.action === "login") this.#commands.unshift(this.#command);
    else if (this.#command !== undefined) this.#loggedOut(this.#command);
    this.#command = undefined;
    const isOpened = openedAt !== undefined;
    if (!isOpened) this.#urlIndex++;
    if (verdict === "disconnect") this.#lastClose = { ...end, reaction: verdict, retryInMs: undefined };
    else this.#plan(attempt, end);
    this.#events.emit("close", this.#lastClose);
    this.#fire(this.#lastClose?.retryInMs === undefined ? "ended" : "lost");
  }

  #plan(attempt: Attempt, end: ConnectionEnd): void {
    const { openedAt, verdict, retryAfterMs } = attempt;
    const isMisuse = end.error instanceof UsageError;
    const plan = planReturn(
      this.#memory,
      {
        end,
        openMs: openedAt === undefined ? 0 : this.#clock.now() - openedAt,
        canLogin: this.#credentials !== undefined,
        verdict: isMisuse ? "never" : verdict === "disconnect" ? undefined : verdict,
        retryAfterMs,
      },
      this.#options.reconnect,
      this.#random,
    );
    this.#memory = plan.memory;
    this.#isHinted = plan.isHinted;
    this.#lastClose = { ...end, reaction: plan.reaction, retryInMs: plan.retryInMs };
    if (plan.retryInMs !== undefined) return;
    this.#fatal =
      end.error instanceof RequestError
        ? end.error
        : new ConnectionError(
            openedAt === undefined ? "CONNECT_FAILED" : "CONNECTION_CLOSED",
            `the connection ended with ${end.code} ${end.reason}`,
            { facts: { code: end.code }, cause: end.error },
          );
  }

  /** No use of the connection any more. */
  #quiesce(): void {
    this.#heartbeat?.stop();
    this.#queue.detach();
    this.#subscriptions.pause();
  }

  /** Settles everything that waits: there will be no connection for it. */
  #failAll(error: HawserError): void {
    settleAll(this.#connects, (waiter) => waiter.reject(error));
    if (this.#command !== undefined) this.#commands.unshift(this.#command);
    this.#command = undefined;
    for (const command of this.#commands.splice(0)) {
      if (command.action === "login") command.answer.reject(error);
      else this.#loggedOut(command);
    }
    this.#requests.failAll(error);
    this.#queue.failAll(error);
    this.#subscriptions.endAll(error);
    this.#session = this.#resume = undefined;
  }

  #networkChanged(isOnline: boolean): void {
    if (this.#state === "open") this.#heartbeat?.probe();
    if (this.#state !== "waiting" || !isOnline || this.#isHinted) return;
    this.#timer?.cancel();
    this.#startTimer(soonMs(this.#random), () => this.#fire("due"));
  }

  // --- login and logout ---

  #addCommand(action: Command["action"], credentials: unknown): Promise<unknown> {
    const answer = new Pending<unknown>(this.#clock, {});
    if (!this.#isWanted) answer.reject(notConnected());
    else {
      this.#commands.push({ action, credentials, answer });
      this.#pump();
    }
    return answer.promise;
  }

  /** Carries out the next command on the connection that is open. */
  #pump(): void {
    if (this.#command !== undefined || this.#state !== "open") return;
    const command = this.#commands.shift();
    if (command === undefined) return;
    this.#command = command;
    const timeoutMs = this.#options.loginTimeoutMs;
    const isCurrent = (): boolean => this.#command === command;
    const failed = (error: unknown): void => {
      if (!isCurrent()) return;
      this.#command = undefined;
      command.answer.reject(error);
      this.#pump();
    };
    const { action } = command;
    if (action === "logout") {
      const onDone = (): void => {
        this.#command = undefined;
        this.#loggedOut(command);
        this.#pump();
      };
      this.#ask({ action }, { timeoutMs, onDone }, true).catch((error: unknown) =>
        this.#events.run(() => failed(error)),
      );
      return;
    }
    const source = command.credentials ?? this.#credentials;
    const onDone = (response: ResponseMessage): void => {
      this.#loggedIn(response, () => {
        this.#credentials = source;
      });
      this.#pump();
    };
    readCredentials(source)
      .then((data) => (isCurrent() ? this.#ask({ action, data }, { timeoutMs, onDone }, true) : undefined))
      .catch((error: unknown) => this.#events.run(() => failed(error)));
  }

  #loggedOut(command: Command): void {
    this.#forgetLogin(new ConnectionError("ABORTED", "logout was called"));
    command.answer.resolve(undefined);
  }

  #forgetLogin(error: HawserError): void {
    this.#credentials = this.#session = this.#resume = undefined;
    this.#subscriptions.endAll(error);
  }

  // --- in and out ---

  #askQueued(message: RequestMessage, options: RequestOptions): Promise<unknown> {
    return this.#events.run(() => {
      const limits = { ...options, timeoutMs: options.timeoutMs ?? this.#options.requestTimeoutMs };
      const answered = this.#ask(message, limits, false).then(({ data }) => data);
      answered.catch(() => {});
      return answered;
    });
  }

  /** `isDirect`: on the connection that is there, before what waits. */
  #ask(message: RequestMessage, limits: RequestLimits, isDirect: boolean): Promise<ResponseMessage> {
    let queued: QueuedMessage | undefined;
    return this.#requests.ask(message, limits, {
      send: (request, onTaken, onFailed) => {
        const text = toJson(request);
        if (isDirect) {
          onTaken();
          this.#attempt?.connection?.send(text);
        } else {
          queued = { message: text, bytes: countBytes(text), onTaken, onFailed };
          this.#enqueue(queued, undefined);
        }
      },
      cancel: (pid, wasSent) => {
        if (wasSent) this.#sendControl(toJson({ action: "cancel", pid }));
        else if (queued !== undefined) this.#queue.remove(queued);
      },
    });
  }

  #enqueue(queued: QueuedMessage, timeToLiveMs: number | undefined): void {
    const { whileOffline, timeToLiveMs: defaultMs } = this.#options.queue;
    if (!this.#isWanted || (this.#state !== "open" && whileOffline === "reject")) queued.onFailed(notConnected());
    else this.#queue.add(queued, timeToLiveMs ?? defaultMs);
  }

  /** What may be left out, when the connection takes no more. */
  #sendControl(text: string): void {
    const connection = this.#attempt?.connection;
    if (connection === undefined || this.#state === "closing") return;
    if (connection.bufferedBytes > this.#options.queue.maxBytes) return;
    try {
      connection.send(text);
    } catch {
      // its end is about to be told
    }
  }

  #received(attempt: Attempt, message: ClientMessage): void {
    if (attempt.isOver || this.#state === "closing") return;
    this.#heartbeat?.received();
    const { heartbeat, envelope } = this.#options;
    if (heartbeat !== false) {
      if (message === heartbeat.ping) return this.#sendControl(heartbeat.pong);
      if (message === heartbeat.pong) return;
    }
    if (envelope === "none" || typeof message !== "string") this.#tell(message);
    else this.#dispatch(parseIncoming(message));
  }

  #dispatch(incoming: Incoming | undefined): void {
    if (incoming === undefined) {
      this.#malformed++;
      return;
    }
    const { pid, action, ...message } = incoming;
    if (action === undefined) {
      if (pid === undefined) this.#takePush(message);
      else this.#requests.settle({ pid, ...message });
    } else if (pid !== undefined) {
      this.#sendControl(toJson({ pid, actionAck: action, status: 0, error: toWireError({ code: "UNKNOWN_ACTION" }) }));
    }
  }

  #takePush(push: PushMessage): void {
    const { actionAck, channel, session, resume, data } = push;
    if (channel !== undefined) this.#subscriptions.take(push);
    else {
      // logged in by the handshake
      if (actionAck === "login" && session !== undefined) {
        this.#session = session;
        this.#resume = resume;
      }
      this.#events.emit(pushKey(actionAck), data, push);
    }
    this.#tell(push);
  }

  #tell(message: PushMessage | ClientMessage): void {
    this.#events.emit("message", { message, queued: this.#queue.size });
  }
}

function lost(error: unknown): ConnectionEnd {
  return { code: 1006, reason: "", clean: false, error };
}

function notConnected(): ConnectionError {
  return new ConnectionError("NOT_CONNECTED", "there is no connection, and none is to come: call connect");
}

function pushKey(event: string): string {
  return `push ${event}`;
}

/** The application's own function, if it is one; whatever it does, the answer is a promise. */
async function readCredentials(source: unknown): Promise<unknown> {
  return typeof source === "function" ? (source() as unknown) : source;
}

function settleAll(waiters: Set<Pending<void>>, settle: (waiter: Pending<void>) => void): void {
  for (const waiter of waiters) {
    waiters.delete(waiter);
    settle(waiter);
  }
}

function toMessage(message: string | Uint8Array | object): ClientMessage {
  return typeof message === "string" || message instanceof Uint8Array ? message : toJson(message);
}
