import type { Clock, ScheduledCall } from "../internal/clock.js";
import { ConnectionError } from "../internal/errors.js";
import { createTimeout } from "./client-errors.js";
import type { OutgoingQueueOptions } from "./client-types.js";
import type { ClientMessage, Connection } from "./connector.js";
import { startTimer } from "./pending.js";

/** More than this in the platform's buffer: the rest waits here, where it can still be taken back. */
const SOFT_LIMIT_BYTES = 65_536;
/** Where the platform does not tell when there is room. */
const POLL_MS = 50;

/** A message that waits, as its owner holds it. */
export interface QueuedMessage {
  readonly message: ClientMessage;
  /** It was handed to the connection. */
  onTaken(): void;
  /** It never will be. */
  onFailed(error: unknown): void;
  /** Kept by the queue: its bytes, and what ends its time to live. */
  bytes?: number;
  timer?: ScheduledCall | undefined;
}

/** First in, first out; bounded in messages and in bytes, what waits in the platform's buffer included. */
export interface OutgoingQueue {
  readonly size: number;
  /** Sends it now, or when its turn comes; may fail at once. */
  add(queued: QueuedMessage, timeToLiveMs: number): void;
  /** Takes it out, if it waits. */
  remove(queued: QueuedMessage | undefined): void;
  failAll(error: unknown): void;
  attach(connection: Connection): void;
  detach(): void;
}

export function createOutgoingQueue(clock: Clock, options: Required<OutgoingQueueOptions>): OutgoingQueue {
  /** A set keeps the order, and lets go of one in the middle. */
  const waiting = new Set<QueuedMessage>();
  let waitingBytes = 0;
  let connection: Connection | undefined;
  /** Set while the platform's buffer is full. */
  let isFull = false;
  let poll: ScheduledCall | undefined;

  const remove = (queued: QueuedMessage | undefined): void => {
    if (queued === undefined || !waiting.delete(queued)) return;
    queued.timer?.cancel();
    waitingBytes -= queued.bytes ?? 0;
  };

  const detach = (): void => {
    poll?.cancel();
    connection = undefined;
  };

  /** `hasRoom`: the platform says so; its limit may be another one. */
  const flush = (hasRoom = false): void => {
    for (const queued of waiting) {
      if (connection === undefined || isFull) return;
      if (!hasRoom && connection.bufferedBytes > SOFT_LIMIT_BYTES) return wait(connection);
      hasRoom = false;
      try {
        connection.send(queued.message);
        queued.onTaken();
      } catch (error) {
        // its end is about to be told, and this one was not sent
        if ((error as Partial<ConnectionError> | null)?.code === "CONNECTION_CLOSED") return detach(); // whatever it is, it may have a code
        // it cannot be sent; those behind it can
        queued.onFailed(error);
      }
      remove(queued);
    }
  };

  const wait = (full: Connection): void => {
    isFull = true;
    const goOn = (hasRoom: boolean) => (): void => {
      if (connection !== full) return;
      isFull = false;
      flush(hasRoom);
    };
    if (full.drained === undefined) poll = clock.schedule(goOn(false), POLL_MS);
    else full.drained().then(goOn(true), () => {});
  };

  return {
    get size() {
      return waiting.size;
    },
    add: (queued, timeToLiveMs) => {
      const own = countBytes(queued.message);
      const bytes = waitingBytes + own + (connection?.bufferedBytes ?? 0);
      if (waiting.size >= options.maxMessages || bytes > options.maxBytes) {
        const facts = { messages: waiting.size, bytes };
        return queued.onFailed(new ConnectionError("QUEUE_FULL", "too much waits", { facts }));
      }
      queued.bytes = own;
      waiting.add(queued);
      waitingBytes += own;
      flush();
      if (!waiting.has(queued)) return;
      queued.timer = startTimer(clock, timeToLiveMs, () => {
        remove(queued);
        queued.onFailed(createTimeout(timeToLiveMs));
      });
    },
    remove,
    failAll: (error) => {
      for (const queued of waiting) {
        remove(queued);
        queued.onFailed(error);
      }
    },
    attach: (opened) => {
      connection = opened;
      isFull = false;
      flush();
    },
    detach,
  };
}

const encoder = /* @__PURE__ */ new TextEncoder();

/** What it has on the wire: text in UTF-8. */
export function countBytes(message: ClientMessage): number {
  return (typeof message === "string" ? encoder.encode(message) : message).length;
}
