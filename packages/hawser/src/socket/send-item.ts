import type { Deferred } from "../internal/deferred.js";
import type { OutgoingStream } from "./outgoing-stream.js";

/**
 * One place in the send queue: a batch of frames made ready, a message to be compressed when its turn comes (what is
 * removed before that must not have touched the compressor's window), a stream, or the Close.
 */
export interface SendItem {
  readonly chunks: Uint8Array[];
  bytes: number;
  messages: number;
  readonly waiters: Deferred<void>[];
  readonly raw: RawMessage | null;
  readonly stream: OutgoingStream | null;
  readonly isClose: boolean;
  /** Being compressed, or waiting for its source: the queue stands still, control frames do not. */
  busy: boolean;
  /** What stands behind it. */
  next: SendItem | null;
}

/** Items in order, each knowing the next: an empty list is two fields. */
export class SendItems {
  #first: SendItem | null = null;
  #last: SendItem | null = null;

  get empty(): boolean {
    return this.#first === null;
  }

  push(item: SendItem): void {
    if (this.#last === null) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
  }

  /** The oldest, left in place. */
  peek(): SendItem | null {
    return this.#first;
  }

  /** Takes the oldest out. */
  shift(): void {
    const item = this.#first;
    if (item === null) return;
    this.#first = item.next;
    if (item.next === null) this.#last = null;
    item.next = null;
  }

  /** Takes every item that `matches` out, in order. */
  remove(matches: (item: SendItem) => boolean): SendItem[] {
    const removed: SendItem[] = [];
    let item = this.#first;
    this.#first = this.#last = null;
    while (item !== null) {
      const { next } = item;
      item.next = null;
      if (matches(item)) removed.push(item);
      else this.push(item);
      item = next;
    }
    return removed;
  }
}

/** A message before its compression. */
export interface RawMessage {
  readonly opcode: number;
  readonly data: Uint8Array;
  /** Given: the message is one of many alike, and its frame is made for all of them. */
  readonly share?: () => SharedFrame | Promise<SharedFrame>;
}

/** One frame for many connections. */
export interface SharedFrame {
  readonly bytes: Uint8Array;
  readonly compressed: boolean;
}

export function createItem(parts: Partial<SendItem>): SendItem {
  return {
    chunks: parts.chunks ?? [],
    bytes: parts.bytes ?? 0,
    messages: parts.messages ?? 1,
    waiters: parts.waiters ?? [],
    raw: parts.raw ?? null,
    stream: parts.stream ?? null,
    isClose: parts.isClose ?? false,
    busy: false,
    next: null,
  };
}

/** Whether it is too late to take the item out: a part of it has left, or the compressor has seen it. */
export function hasBegun(item: SendItem): boolean {
  return item.busy || (item.raw !== null && item.chunks.length > 0) || item.stream?.begun === true;
}

/** What it holds of a message for many that is still to be compressed. */
export function sharedBytesOf({ raw, chunks }: SendItem): number {
  return raw?.share !== undefined && chunks.length === 0 ? raw.data.length : 0;
}
