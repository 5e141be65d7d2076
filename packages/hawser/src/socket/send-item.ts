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
