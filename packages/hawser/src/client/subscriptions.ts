import type { Clock, ScheduledCall } from "../internal/clock.js";
import { ConnectionError } from "../internal/errors.js";
import type { HawserError } from "../internal/errors.js";
import type { PushMessage, RequestMessage, ResponseMessage } from "../messages/index.js";
import type { Publication, Subscription } from "./client-types.js";
import type { EventQueue, Iterators } from "./event-queue.js";
import { createPending } from "./pending.js";
import { RequestError } from "./request-error.js";

/** How long a subscription that failed for a while waits, where the server does not say. */
const RETRY_MS = 1000;

export interface SubscriptionParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventQueue;
  /** Asks at once, on the connection that is open. */
  readonly ask: (message: RequestMessage, onDone?: () => void) => Promise<ResponseMessage>;
  readonly isOpen: () => boolean;
}

/** The channels that the application wants, whatever happens to connections. */
export interface Subscriptions {
  subscribe(channel: string): Subscription;
  /** A connection is open. `kept`: the channels that the session has brought along. */
  renew(kept: readonly string[]): void;
  /** The connection is over. */
  pause(): void;
  /** A push on a channel. */
  take(push: PushMessage): void;
  endAll(error: HawserError): void;
}

/** A subscription, and what happens to it. */
interface Wish {
  readonly subscription: Subscription;
  ask(): void;
  confirm(): void;
  pause(): void;
  fail(error: HawserError): void;
  end(error: HawserError): void;
}

export function createSubscriptions(parts: SubscriptionParts): Subscriptions {
  const wishes = new Map<string, Wish>();
  const forAll = (act: (wish: Wish, channel: string) => void): void => wishes.forEach(act);
  return {
    subscribe: (channel) => {
      let wish = wishes.get(channel);
      if (wish === undefined) {
        wish = createWish(channel, parts, () => wishes.delete(channel));
        wishes.set(channel, wish);
        if (parts.isOpen()) wish.ask();
      }
      return wish.subscription;
    },
    renew: (kept) => {
      for (const channel of kept) {
        if (!wishes.has(channel)) parts.ask({ action: "unsubscribe", channel }).catch(() => {});
      }
      forAll((wish, channel) => (kept.includes(channel) ? wish.confirm() : wish.ask()));
    },
    pause: () => forAll((wish) => wish.pause()),
    take: ({ channel = "", actionAck, data, key, error }) => {
      const wish = wishes.get(channel);
      if (actionAck === "unsubscribed") wish?.fail(new RequestError(`${actionAck} ${channel}`, error));
      // before the response it belongs to an earlier subscription of the same channel
      else if (wish?.subscription.state === "subscribed") {
        parts.events.emit(wish.subscription, { channel, event: actionAck, data, key });
      }
    },
    endAll: (error) => forAll((wish) => wish.end(error)),
  };
}

function createWish(
  channel: string,
  { clock, random, events, ask: askServer, isOpen }: SubscriptionParts,
  onEnd: () => void,
): Wish {
  const ready = createPending<void>(clock);
  const iterators: Iterators = new Set();
  let state: Subscription["state"] = "subscribing";
  let reason: HawserError | undefined;
  let retry: ScheduledCall | undefined;
  /** The request that is out; an older one says nothing any more. */
  let asked: object | undefined;

  const subscription: Subscription = {
    channel,
    get state() {
      return state;
    },
    get error() {
      return reason;
    },
    ready: ready.promise,
    on: (handler) => (state === "ended" ? () => {} : events.on(subscription, handler)),
    unsubscribe: () =>
      events.run(async () => {
        if (state === "ended") return;
        const isKnown = asked !== undefined || state === "subscribed";
        end(new ConnectionError("ABORTED", "unsubscribed"));
        // the connection's end unsubscribes as well
        if (isKnown && isOpen()) await askServer({ action: "unsubscribe", channel }).catch(() => {});
      }),
    [Symbol.asyncIterator]: () => {
      const iterator = events.iterate<Publication>(subscription, iterators);
      if (state === "ended") events.end(iterators, forget);
      return iterator;
    },
  };
  const forget = (): void => events.forget(subscription);

  const ask = (): void => {
    const own = (asked = {});
    const onDone = (): void => {
      if (own === asked) confirm();
    };
    askServer({ action: "subscribe", channel }, onDone).catch((error: unknown) => {
      if (own !== asked) return;
      const isRefusal = error instanceof RequestError;
      if (isRefusal && !error.answer.temporary) return events.run(() => fail(error));
      // no answer, or not now
      retry = clock.schedule(ask, ((isRefusal && error.answer.retryAfterMs) || RETRY_MS) * (1 + random()));
    });
  };

  const confirm = (): void => {
    state = "subscribed";
    ready.resolve();
  };

  const pause = (): void => {
    retry?.cancel();
    asked = undefined;
    state = "subscribing";
  };

  const fail = (error: HawserError): void => {
    const isTold = !ready.isSettled;
    end(error);
    if (!isTold) events.emit("error", error);
  };

  const end = (error: HawserError): void => {
    pause();
    state = "ended";
    reason = error;
    onEnd();
    ready.reject(error);
    // after the publications that wait for their turn
    events.end(iterators, forget);
  };

  return { subscription, ask, confirm, pause, fail, end };
}
