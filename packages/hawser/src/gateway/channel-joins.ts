import { createDeferred, type Deferred } from "../internal/deferred.js";
import { TokenBucket } from "../internal/token-bucket.js";
import { ActionError } from "./action-error.js";
import type { SessionConnection } from "./session.js";

/** Subscriptions a second after a burst of `JOIN_BURST`, for one session. */
const JOINS_PER_SECOND = 10;
const JOIN_BURST = 128;

/** A subscription that waits for the application's word, or for the backplane. Whoever asks again meanwhile waits with it. */
export class Join {
  /** A subscription of another connection than this is not wanted any more. */
  readonly connection: SessionConnection | null;
  readonly #done: Deferred<void> = createDeferred<void>();
  readonly #answers: (() => void)[] = [];
  #finished = false;
  /** Whether it may still become a subscription. */
  live = true;

  constructor(connection: SessionConnection | null) {
    this.connection = connection;
  }

  /** Settles when `answer` was called, or rejects instead. */
  attach(answer: () => void): Promise<void> {
    this.#answers.push(answer);
    return this.#done.promise;
  }

  /** Whether it became a subscription. */
  get isFinished(): boolean {
    return this.#finished;
  }

  finish(): void {
    this.live = false;
    this.#finished = true;
    for (const answer of this.#answers) answer();
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
  #bucket: TokenBucket | null = null;

  /** Counts a subscription; answers how long to wait when there are too many. */
  admit(nowMs: number): number {
    this.#bucket ??= new TokenBucket(JOINS_PER_SECOND, JOIN_BURST, nowMs);
    return this.#bucket.take(nowMs) ? 0 : Math.ceil(this.#bucket.waitMs(nowMs));
  }
}
