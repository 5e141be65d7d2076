import { createDeferred, type Deferred } from "../internal/deferred.js";
import { TokenBucket } from "../internal/token-bucket.js";
import { ActionError } from "./action-error.js";
import type { SessionConnection } from "./session.js";

/** Subscriptions a second after a burst of `JOIN_BURST`, for one session. */
const JOINS_PER_SECOND = 10;
const JOIN_BURST = 128;
/** What one session may have under way: requests for one subscription, and publications. */
const MAX_UNDER_WAY = 100;

/** A subscription that waits for the application's word, or for the backplane. Whoever asks again meanwhile waits with it. */
export class Join {
  /** A subscription of another connection than this is not wanted any more. */
  readonly connection: SessionConnection | null;
  readonly #done: Deferred<void> = createDeferred<void>();
  readonly #waiting: { readonly answer: () => void; readonly isWaiting: () => boolean }[] = [];
  #finished = false;
  /** Whether it may still become a subscription. */
  live = true;

  constructor(connection: SessionConnection | null) {
    this.connection = connection;
  }

  /**
   * Settles when `answer` was called, or rejects instead.
   * @throws ActionError TOO_MANY_REQUESTS: those that were cancelled meanwhile count too, as they are kept until this is decided
   */
  attach(answer: () => void, isWaiting: () => boolean): Promise<void> {
    if (this.#waiting.length >= MAX_UNDER_WAY) throw new ActionError("TOO_MANY_REQUESTS", "it was asked for too often");
    this.#waiting.push({ answer, isWaiting });
    return this.#done.promise;
  }

  /** Whether anybody who asked was not refused meanwhile. */
  get isWaitedFor(): boolean {
    return this.#waiting.some(({ isWaiting }) => isWaiting());
  }

  /** Whether it became a subscription. */
  get isFinished(): boolean {
    return this.#finished;
  }

  finish(): void {
    this.live = false;
    this.#finished = true;
    for (const { answer } of this.#waiting) answer();
    this.#done.resolve();
  }

  refuse(error: unknown): void {
    this.live = false;
    this.#done.reject(error);
  }

  cancel(why: string): void {
    if (this.live) this.refuse(new ActionError("CANCELLED", why));
  }
}

/** Publications of one session to one channel, one behind the other. */
interface PublishingLine {
  /** Settles with the last of them; never rejects. */
  last: Promise<void>;
  length: number;
}

/** What a session is about to do with channels, from its first subscription or publication on. */
export class SessionJoins {
  readonly joins: Map<string, Join> = new Map();
  /** Publications under way, by channel. */
  readonly publishing: Map<string, PublishingLine> = new Map();
  #publications = 0;
  #bucket: TokenBucket | null = null;

  /** @throws ActionError TOO_MANY_REQUESTS: those count that were cancelled meanwhile, too, as they are kept until they are decided */
  beginPublication(): void {
    if (this.#publications >= MAX_UNDER_WAY) {
      throw new ActionError("TOO_MANY_REQUESTS", "too many publications are under way");
    }
    this.#publications++;
  }

  endPublication(): void {
    this.#publications--;
  }

  /** Counts a subscription; answers how long to wait when there are too many. */
  admit(nowMs: number): number {
    this.#bucket ??= new TokenBucket(JOINS_PER_SECOND, JOIN_BURST, nowMs);
    return this.#bucket.take(nowMs) ? 0 : Math.ceil(this.#bucket.waitMs(nowMs));
  }
}
