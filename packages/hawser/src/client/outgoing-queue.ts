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
  /** Each with its bytes and what ends its time to live. A map keeps the order, and lets go of one in the middle. */
  const waiting = new Map<QueuedMessage, { readonly bytes: number; timer?: ScheduledCall | undefined }>();
  let waitingBytes = 0;
  let connection: Connection | undefined;
  /** Set while the platform's buffer is full. */
  let isFull = false;
  let poll: ScheduledCall | undefined;

  const remove = (queued: QueuedMessage | undefined): void => {
    const entry = queued && waiting.get(queued);
    if (entry === undefined) return;
    entry.timer?.cancel();
    waitingBytes -= entry.bytes;
    waiting.delete(queued as QueuedMessage); // it has an entry
  };

  const detach = (): void => {
    poll?.cancel();
    connection = undefined;
  };

  const flush = (): void => {
    for (const queued of waiting.keys()) {
      if (connection === undefined || isFull) return;
      if (connection.bufferedBytes > SOFT_LIMIT_BYTES) return wait(connection);
      try {
        connection.send(queued.message);
      } catch {
        // not open any more: its end is about to be told, and this one was not sent
        return detach();
      }
      remove(queued);
      queued.onTaken();
    }
  };

  const wait = (full: Connection): void => {
    isFull = true;
    const goOn = (): void => {
      if (connection !== full) return;
      isFull = false;
      flush();
    };
    if (full.drained === undefined) poll = clock.schedule(goOn, POLL_MS);
    else full.drained().then(goOn, () => {});
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
      const entry: { readonly bytes: number; timer?: ScheduledCall | undefined } = { bytes: own };
      waiting.set(queued, entry);
      waitingBytes += own;
      flush();
      if (!waiting.has(queued)) return;
      entry.timer = startTimer(clock, timeToLiveMs, () => {
        remove(queued);
        queued.onFailed(createTimeout(timeToLiveMs));
      });
    },
    remove,
    failAll: (error) => {
      for (const queued of waiting.keys()) {
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
