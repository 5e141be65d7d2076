import type { Clock, ScheduledCall } from "../internal/clock.js";
import { ConnectionError, HawserError } from "../internal/errors.js";
import type { PushMessage, RequestMessage, ResponseMessage } from "../messages/index.js";
import { BoundedIterator } from "./bounded-iterator.js";
import type { EventIterator, Publication, Subscription } from "./client-types.js";
import type { EventQueue } from "./event-queue.js";
import { Pending } from "./pending.js";
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
export class Subscriptions {
  readonly #parts: SubscriptionParts;
  readonly #wanted: Map<string, ChannelSubscription> = new Map();

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
  }

  subscribe(channel: string): Subscription {
    const present = this.#wanted.get(channel);
    if (present !== undefined) return present;
    const subscription = new ChannelSubscription(channel, this.#parts, () => this.#wanted.delete(channel));
    this.#wanted.set(channel, subscription);
    if (this.#parts.isOpen()) subscription.ask();
    return subscription;
  }

  /** A connection is open. `kept`: the channels that the session has brought along. */
  renew(kept: readonly string[]): void {
    for (const channel of kept) {
      if (!this.#wanted.has(channel)) this.#parts.ask({ action: "unsubscribe", channel }).catch(() => {});
    }
    for (const subscription of this.#wanted.values()) {
      if (kept.includes(subscription.channel)) subscription.confirm();
      else subscription.ask();
    }
  }

  /** The connection is over. */
  pause(): void {
    for (const subscription of this.#wanted.values()) subscription.pause();
  }

  take({ channel = "", actionAck, data, key, error }: PushMessage): void {
    const subscription = this.#wanted.get(channel);
    if (actionAck !== "unsubscribed") subscription?.take({ channel, event: actionAck, data, key });
    else subscription?.fail(new RequestError(`unsubscribed ${channel}`, error));
  }

  endAll(error: HawserError): void {
    for (const subscription of this.#wanted.values()) subscription.end(error);
  }
}

class ChannelSubscription implements Subscription {
  readonly channel: string;
  readonly ready: Promise<void>;
  state: "subscribing" | "subscribed" | "ended" = "subscribing";
  error: HawserError | undefined;
  readonly #parts: SubscriptionParts;
  readonly #onEnd: () => void;
  readonly #ready: Pending<void>;
  readonly #iterators: Set<BoundedIterator<Publication>> = new Set();
  #retry: ScheduledCall | undefined;
  /** The request that is out; an older one says nothing any more. */
  #asked: object | undefined;

  constructor(channel: string, parts: SubscriptionParts, onEnd: () => void) {
    this.channel = channel;
    this.#parts = parts;
    this.#onEnd = onEnd;
    this.#ready = new Pending(parts.clock, {});
    this.ready = this.#ready.promise;
  }

  on(handler: (publication: Publication) => void): () => void {
    return this.state === "ended" ? () => {} : this.#parts.events.on(this, handler);
  }

  unsubscribe(): Promise<void> {
    const { ask, isOpen, events } = this.#parts;
    return events.run(async () => {
      if (this.state === "ended") return;
      const isKnown = this.#asked !== undefined || this.state === "subscribed";
      this.end(new ConnectionError("ABORTED", `${this.channel} was unsubscribed`));
      // the connection's end unsubscribes as well
      if (isKnown && isOpen()) await ask({ action: "unsubscribe", channel: this.channel }).catch(() => {});
    });
  }

  [Symbol.asyncIterator](): EventIterator<Publication> {
    const iterator: BoundedIterator<Publication> = new BoundedIterator(() => {
      off();
      this.#iterators.delete(iterator);
    });
    const off = this.on((publication) => iterator.push(publication));
    if (this.state === "ended") iterator.end();
    else this.#iterators.add(iterator);
    return iterator;
  }

  ask(): void {
    const asked = {};
    this.#asked = asked;
    const isCurrent = (): boolean => this.#asked === asked;
    const onDone = (): void => {
      if (isCurrent()) this.confirm();
    };
    this.#parts.ask({ action: "subscribe", channel: this.channel }, onDone).catch((error: unknown) => {
      if (isCurrent()) this.#parts.events.run(() => this.#refused(error));
    });
  }

  confirm(): void {
    this.state = "subscribed";
    this.#ready.resolve();
  }

  pause(): void {
    this.#retry?.cancel();
    this.#asked = undefined;
    this.state = "subscribing";
  }

  take(publication: Publication): void {
    // before the response it belongs to an earlier subscription of the same channel
    if (this.state === "subscribed") this.#parts.events.emit(this, publication);
  }

  fail(error: HawserError): void {
    const isTold = !this.#ready.isSettled;
    this.end(error);
    if (!isTold) this.#parts.events.emit("error", error);
  }

  end(error: HawserError): void {
    this.pause();
    this.state = "ended";
    this.error = error;
    this.#onEnd();
    this.#ready.reject(error);
    // after the publications that wait for their turn
    const { events } = this.#parts;
    events.defer("end", () => {
      for (const iterator of this.#iterators) iterator.end();
      events.forget(this);
    });
  }

  #refused(error: unknown): void {
    const { clock, random } = this.#parts;
    const answer = error instanceof RequestError ? error.answer : undefined;
    if (answer?.temporary === false && error instanceof HawserError) return this.fail(error);
    // no answer, or not now
    this.#retry = clock.schedule(() => this.ask(), (answer?.retryAfterMs ?? RETRY_MS) * (1 + random()));
  }
}
