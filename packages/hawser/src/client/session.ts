import type { Clock, ScheduledCall } from "../internal/clock.js";
import type { ErrorCode } from "../internal/error-codes.js";
import { ConnectionError, UsageError } from "../internal/errors.js";
import type { HawserError } from "../internal/errors.js";
import type { CloseReaction, ResponseMessage } from "../messages/index.js";
import { createMisuse, createTimeout } from "./client-errors.js";
import type { ResolvedClientOptions } from "./client-options.js";
import type { ClientClose, ClientState, ClientUrl } from "./client-types.js";
import type { Connection, ConnectionEnd, Connector } from "./connector.js";
import { createEventQueue } from "./event-queue.js";
import type { EventQueue, Iterators } from "./event-queue.js";
import { createLogins } from "./logins.js";
import type { Logins } from "./logins.js";
import { createMessageLink } from "./message-link.js";
import type { MessageLink } from "./message-link.js";
import { createPending, startTimer } from "./pending.js";
import type { Pending, PendingLimits } from "./pending.js";
import type { ClientPlatform } from "./platform.js";
import { freshMemory, planReturn, soonMs } from "./reconnect-policy.js";
import { RequestError } from "./request-error.js";
import { step } from "./session-table.js";
import type { SessionEffect, SessionEvent } from "./session-table.js";

/**
 * The life of a client: one attempt after the other. Whatever happens, a call, a timer, an event of a connection, is a turn of
 * `events`; `fire` makes every change of state by the table. An attempt that is over has no say any more.
 */
export interface Session {
  readonly state: ClientState;
  readonly url: string | undefined;
  readonly lastClose: ClientClose | undefined;
  readonly events: EventQueue;
  readonly link: MessageLink;
  readonly logins: Logins;
  /** Ended when the client stays away. */
  readonly iterators: Iterators;
  connect(limits: PendingLimits): Promise<void>;
  disconnect(code: number, reason: string): Promise<void>;
}

/** One attempt at a connection, and the connection that comes of it. */
interface Attempt {
  connection?: Connection;
  isOver?: boolean;
  /** What the server said to the login. */
  login?: ResponseMessage;
  /** When it was open and logged in. */
  openedAt?: number;
  /** Why the client ends it itself. */
  error?: unknown;
  verdict?: CloseReaction | "disconnect";
  retryAfterMs?: number | undefined;
}

export function createSession(
  connector: Connector,
  { clock: platformClock, random: fill, watchNetwork, report }: ClientPlatform,
  url: ClientUrl,
  options: ResolvedClientOptions,
): Session {
  const urls = [url].flat() as readonly ClientUrl[];
  if (urls.length === 0 || !urls.every(Boolean)) throw createMisuse("url", url, "one, or several");
  const events = createEventQueue((error) => report?.(error));
  const { run } = events;
  const clock: Clock = {
    now: () => platformClock.now(),
    // whatever a timer does is a turn
    schedule: (callback, delayMs) => platformClock.schedule(() => run(callback), delayMs),
  };

  let state: ClientState = "disconnected";
  let attempt: Attempt = { isOver: true };
  /** The one timer of the present state. */
  let timer: ScheduledCall | undefined;
  let memory = freshMemory;
  let attempts = 0;
  let urlIndex = 0;
  let presentUrl: string | undefined;
  let lastClose: ClientClose | undefined;
  let isHinted = false;
  /** Since it was connected last. */
  let wasOpen = false;
  let unwatch: (() => void) | undefined;
  const connects = new Set<Pending<void>>();
  const disconnects = new Set<Pending<void>>();
  let closeWith: [code: number, reason: string] = [1000, ""];
  /** Why the client is about to be disconnected; undefined: it was asked to. */
  let fatal: HawserError | undefined;
  const iterators: Iterators = new Set();

  /** Whether there is a connection, or one is to come. */
  const isWanted = (): boolean =>
    state !== "disconnected" && (state !== "closing" || attempt.verdict !== "disconnect" || connects.size > 0);

  /** From 0 to 1. */
  const random = (): number => {
    const words = new Uint32Array(1);
    fill(new Uint8Array(words.buffer));
    return (words[0] ?? 0) / 2 ** 32;
  };

  const link = createMessageLink({
    clock,
    events,
    options,
    fill,
    random,
    isWanted,
    onSilence: (error) => abandon(error),
    onLogin: ({ session, resume }) => Object.assign(logins, { session, resume }),
  });
  const logins = createLogins({ clock, events, link, timeoutMs: options.loginTimeoutMs, isWanted }, options.login);

  const fire = (event: SessionEvent): void => {
    run(() => {
      const previous = state;
      const [next, effect] = step(previous, event);
      state = next;
      if (state !== previous) {
        timer?.cancel();
        events.emit("state", { state, previous });
      }
      if (effect !== undefined) effects[effect]();
    });
  };

  const setTimer = (delayMs: number | undefined, callback: () => void): void => {
    timer = startTimer(clock, delayMs, callback);
  };

  /** Ends the attempt when the present state lasts longer. */
  const limitState = (timeoutMs: number, code?: ErrorCode): void =>
    setTimer(timeoutMs, () => abandon(createTimeout(timeoutMs, code)));

  const effects: Readonly<Record<SessionEffect, () => void>> = {
    dial: () => {
      const own: Attempt = (attempt = {});
      attempts++;
      unwatch ??= watchNetwork?.((isOnline) => run(() => networkChanged(isOnline)));
      limitState(options.connectTimeoutMs, "HANDSHAKE_TIMEOUT");
      const find = async (): Promise<void> => {
        const source = urls[urlIndex % urls.length];
        open(own, typeof source === "function" ? await source() : source);
      };
      find().catch((error: unknown) => end(own, createLoss(error)));
    },
    "log-in": () => {
      const own = attempt;
      limitState(options.loginTimeoutMs);
      logins.begin({
        onDone: (response) => {
          own.login = response;
          fire("logged-in");
        },
        onFailed: (error) => {
          const answer = error instanceof RequestError ? error.answer : undefined;
          own.error = error;
          own.verdict = answer?.temporary === false ? "never" : "backoff";
          own.retryAfterMs = answer?.retryAfterMs;
          closeWith = [1000, ""];
          fire("refused");
        },
      });
    },
    welcome: () => {
      const { login } = attempt;
      attempt.openedAt = clock.now();
      wasOpen = true;
      settle(connects);
      events.emit("open", { resumed: login?.resumed === true, attempts });
      attempts = 0;
      // last: what is sent may already be the end
      link.open(login?.channels ?? []);
      logins.pump();
    },
    close: () => {
      link.close();
      limitState(options.closeTimeoutMs, "CLOSE_TIMEOUT");
      try {
        if (attempt.connection === undefined) abandon(undefined);
        else attempt.connection.close(...closeWith);
      } catch (error) {
        abandon(error);
      }
    },
    wait: () => setTimer(lastClose?.retryInMs, () => fire("due")),
    finish: () => {
      unwatch?.();
      unwatch = undefined;
      memory = freshMemory;
      attempts = 0;
      wasOpen = false;
      if (fatal !== undefined) failAll(fatal);
      fatal = undefined;
      settle(disconnects);
      events.end(iterators);
      // called while it was closing
      if (connects.size > 0) fire("connect");
    },
  };

  const open = (own: Attempt, found: unknown): void => {
    if (own.isOver) return;
    presentUrl = String(found);
    own.connection = connector.open(presentUrl, options.protocols, {
      onOpen: () => {
        if (own.isOver || state !== "connecting" || own.connection === undefined) return;
        link.use(own.connection);
        fire(logins.isDue() ? "login-due" : "opened");
      },
      onMessage: (message) => {
        if (!own.isOver && state !== "closing") run(() => link.received(message));
      },
      onClosed: (facts) => end(own, facts),
    });
  };

  /** Ends the attempt now, whatever its connection still does. */
  const abandon = (error: unknown): void => {
    // it may be over, and followed by another, before `abort` returns
    const own = attempt;
    own.error ??= error;
    try {
      own.connection?.abort();
    } catch {
      // it is over in any case
    }
    end(own, createLoss(error));
  };

  const end = (own: Attempt, facts: ConnectionEnd): void => {
    if (own.isOver) return;
    own.isOver = true;
    run(() => {
      link.close();
      logins.interrupt();
      if (own.openedAt === undefined) urlIndex++;
      lastClose = plan(own, { ...facts, error: own.error ?? facts.error });
      events.emit("close", lastClose);
      fire(lastClose.retryInMs === undefined ? "ended" : "lost");
    });
  };

  /** What comes next. */
  const plan = ({ openedAt, verdict, retryAfterMs }: Attempt, ended: ConnectionEnd): ClientClose => {
    if (verdict === "disconnect") return { ...ended, reaction: verdict, retryInMs: undefined };
    const { error } = ended;
    const facts = {
      end: ended,
      openMs: openedAt === undefined ? 0 : clock.now() - openedAt,
      canLogin: logins.canLogin(),
      // a mistake of the caller's stays one
      verdict: error instanceof UsageError ? "never" : verdict,
      retryAfterMs,
    } as const;
    const planned = planReturn(memory, facts, options.reconnect, random);
    const { reaction, retryInMs } = planned;
    memory = planned.memory;
    isHinted = planned.isHinted;
    if (retryInMs === undefined) {
      const { code, reason } = ended;
      const name = openedAt === undefined ? "CONNECT_FAILED" : "CONNECTION_CLOSED";
      const closed = new ConnectionError(name, `${code} ${reason}`, { facts: { code }, cause: error });
      fatal = error instanceof RequestError ? error : closed;
    }
    return { ...ended, reaction, retryInMs };
  };

  /** Settles everything that waits: there will be no connection for it. */
  const failAll = (error: HawserError): void => {
    settle(connects, error);
    logins.failAll(error);
    link.failAll(error);
  };

  const networkChanged = (isOnline: boolean): void => {
    link.probe();
    if (state !== "waiting" || !isOnline || isHinted) return;
    timer?.cancel();
    setTimer(soonMs(random), () => fire("due"));
  };

  const disconnect = (code: number, reason: string): Promise<void> => {
    const over = createPending<void>(clock);
    disconnects.add(over);
    failAll(new ConnectionError("CONNECTION_CLOSED", "disconnected"));
    events.keepOnly("state", "close", "error", "end");
    fatal = undefined;
    attempt.verdict = "disconnect";
    if (state !== "closing") closeWith = [code, reason];
    fire("disconnect");
    return over.promise;
  };

  return {
    get state() {
      return state;
    },
    get url() {
      return presentUrl;
    },
    get lastClose() {
      return lastClose;
    },
    events,
    link,
    logins,
    iterators,
    connect: (limits) => {
      const waiter = createPending<void>(clock, limits, () => {
        connects.delete(waiter);
        // before it was ever open, it is over with the last who waits
        if (!wasOpen && connects.size === 0) void run(() => disconnect(1000, ""));
      });
      if (state === "open") waiter.resolve();
      if (!waiter.isSettled) {
        connects.add(waiter);
        if (state === "disconnected") fire("connect");
      }
      return waiter.promise;
    },
    disconnect,
  };
}

function createLoss(error: unknown): ConnectionEnd {
  return { code: 1006, reason: "", clean: false, error };
}

function settle(waiters: Set<Pending<void>>, error?: HawserError): void {
  for (const waiter of waiters) {
    waiters.delete(waiter);
    if (error === undefined) waiter.resolve();
    else waiter.reject(error);
  }
}
