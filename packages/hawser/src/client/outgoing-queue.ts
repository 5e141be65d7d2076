import type { Clock, ScheduledCall } from "../internal/clock.js";
import { ConnectionError } from "../internal/errors.js";
import type { OutgoingQueueOptions } from "./client-types.js";
import type { ClientMessage, Connection } from "./connector.js";
import { createTimeout } from "./client-errors.js";
import { startTimer } from "./pending.js";

/** More than this in the platform's buffer: the rest waits here, where it can still be taken back. */
const SOFT_LIMIT_BYTES = 65_536;
/** Where the platform does not tell when there is room. */
const POLL_MS = 50;

/** A message that waits, as its owner holds it. */
export interface QueuedMessage {
  readonly message: ClientMessage;
  readonly bytes: number;
  /** It was handed to the connection. */
  onTaken(): void;
  /** It never will be. */
  onFailed(error: unknown): void;
}

/** First in, first out; bounded in messages and in bytes, what waits in the platform's buffer included. */
export class OutgoingQueue {
  readonly #clock: Clock;
  readonly #options: Required<OutgoingQueueOptions>;
  /** Each with what ends its time to live. A map keeps the order, and lets go of one in the middle. */
  readonly #messages: Map<QueuedMessage, () => void> = new Map();
  #bytes = 0;
  #connection: Connection | undefined;
  /** Set while the platform's buffer is full. */
  #isWaiting = false;
  #poll: ScheduledCall | undefined;

  constructor(clock: Clock, options: Required<OutgoingQueueOptions>) {
    this.#clock = clock;
    this.#options = options;
  }

  get size(): number {
    return this.#messages.size;
  }

  /** Sends it now, or when its turn comes; may fail at once. */
  add(queued: QueuedMessage, timeToLiveMs: number): void {
    const { maxMessages, maxBytes } = this.#options;
    const bytes = this.#bytes + queued.bytes + (this.#connection?.bufferedBytes ?? 0);
    if (this.size >= maxMessages || bytes > maxBytes) {
      const facts = { messages: this.size, bytes };
      return queued.onFailed(
        new ConnectionError("QUEUE_FULL", `${this.size} messages wait, ${bytes} bytes`, { facts }),
      );
    }
    this.#messages.set(queued, () => {});
    this.#bytes += queued.bytes;
    this.#flush();
    if (!this.#messages.has(queued)) return;
    const timer = startTimer(this.#clock, timeToLiveMs, () => {
      if (this.remove(queued)) queued.onFailed(createTimeout(timeToLiveMs));
    });
    this.#messages.set(queued, () => timer?.cancel());
  }

  /** Takes it out; false: it does not wait any more. */
  remove(queued: QueuedMessage): boolean {
    this.#messages.get(queued)?.();
    if (!this.#messages.delete(queued)) return false;
    this.#bytes -= queued.bytes;
    return true;
  }

  failAll(error: unknown): void {
    for (const queued of this.#messages.keys()) {
      this.remove(queued);
      queued.onFailed(error);
    }
  }

  attach(connection: Connection): void {
    this.#connection = connection;
    this.#isWaiting = false;
    this.#flush();
  }

  detach(): void {
    this.#poll?.cancel();
    this.#connection = undefined;
  }

  #flush(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#isWaiting) return;
    for (const queued of this.#messages.keys()) {
      if (connection.bufferedBytes > SOFT_LIMIT_BYTES) return this.#wait(connection);
      try {
        connection.send(queued.message);
      } catch {
        // not open any more: its end is about to be told, and this one was not sent
        return this.detach();
      }
      this.remove(queued);
      queued.onTaken();
    }
  }

  #wait(connection: Connection): void {
    this.#isWaiting = true;
    const goOn = (): void => {
      if (this.#connection !== connection) return;
      this.#isWaiting = false;
      this.#flush();
    };
    if (connection.drained === undefined) this.#poll = this.#clock.schedule(goOn, POLL_MS);
    else connection.drained().then(goOn, () => {});
  }
}

/** What it has on the wire: text in UTF-8. */
export function countBytes(message: ClientMessage): number {
  if (typeof message !== "string") return message.byteLength;
  let bytes = message.length;
  for (let at = 0; at < message.length; at++) {
    const unit = message.charCodeAt(at);
    // each unit of a pair counts 2 of its 4
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}
