/// <reference lib="esnext.disposable" preserve="true" />
import type { HawserError } from "../internal/errors.js";
import type { SocketState } from "../protocol/index.js";

export type { SocketState } from "../protocol/index.js";

/** A whole message: text as a string, binary as bytes that are the receiver's own. */
export type Message = string | Uint8Array;

/** Cancels and bounds a wait. */
export interface WaitOptions {
  /** Cancels the operation: it rejects ABORTED. */
  readonly signal?: AbortSignal;
  /** How long the operation may take, in milliseconds; it rejects TIMEOUT after it. Default: as long as it takes. */
  readonly timeoutMs?: number;
}

export interface SendOptions extends WaitOptions {
  /** Whether the message may be compressed, where permessage-deflate was negotiated. Set false for secrets. Default: true. */
  readonly compress?: boolean;
}

export interface SendStreamOptions extends SendOptions {
  /** Whether the pieces make a text or a binary message. Default: told by the first piece. */
  readonly type?: "text" | "binary";
}

export interface CloseOptions extends WaitOptions {
  /**
   * Drops what the transport does not take at once, instead of sending it first: Close follows the frame begun, the promises of
   * what is dropped reject CONNECTION_CLOSED, and all of it has the close timeout. The report says our code even if the peer
   * does not answer. For a peer that does not take what it is sent. @default false
   */
  readonly discardQueued?: boolean;
}

/** A message that is read while it arrives. Its pieces are strings (text, cut at code points) or bytes (binary). */
export interface MessageStream extends AsyncIterable<string | Uint8Array> {
  readonly type: "text" | "binary";
  /** Reads the rest and joins it. @throws ProtocolError MESSAGE_TOO_BIG past `maxBytes` (default: the socket's maxMessageBytes) */
  collect(options?: { readonly maxBytes?: number }): Promise<Message>;
  /** Drops the rest of the message; the next one can come. */
  cancel(): void;
}

/** A Close frame's contents. Code 1005 stands for an empty Close (RFC 6455 §7.1.5). */
export interface CloseFrame {
  readonly code: number;
  readonly reason: string;
}

/** How and why a connection ended, and what passed over it. */
export interface CloseReport {
  /**
   * The code that ended the connection: the first Close frame's when both sides sent one; else the code that we sent for
   * the peer's fault, or with `discardQueued`; else 1006.
   */
  readonly code: number;
  readonly reason: string;
  /** Whether both Close frames were exchanged. */
  readonly clean: boolean;
  /** Who ended it: this side's `close` or `abort`, the peer, or a fault (a broken rule, a timeout, a lost connection). */
  readonly initiator: "local" | "remote" | "error";
  /** The Close that we sent, if any. */
  readonly sent: CloseFrame | null;
  /** The Close that came, if any. */
  readonly received: CloseFrame | null;
  /** The fault, when there was one. */
  readonly error: HawserError | null;
  readonly messagesSent: number;
  readonly messagesReceived: number;
  /** Bytes on the wire, frame headers included. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** The last round trip measured by ping or heartbeat. */
  readonly roundTripMs: number | null;
  /** From open to closed. */
  readonly durationMs: number;
}

/**
 * One WebSocket connection, server's or client's. Message mode and stream mode, pull (`receive`, `for await`) and push
 * (handlers) exclude each other on one socket.
 */
export interface Socket<Data = unknown> extends AsyncIterable<Message>, AsyncDisposable {
  /** Unique in its server. */
  readonly id: string;
  /** The application's own. */
  data: Data;
  readonly state: SocketState;
  /** The sub-protocol agreed on, or "". */
  readonly protocol: string;
  /** The extensions agreed on, as in the header, or "". */
  readonly extensions: string;
  /** What was requested: the target (server) or the URL (client). */
  readonly url: string;
  readonly params: Readonly<Record<string, string>>;
  /** The peer's address: on a server the client's, as seen behind `trustedProxies`. undefined on a Unix socket. */
  readonly remoteAddress: string | undefined;
  /** The peer's headers of the opening handshake: the request's on a server, the answer's on a client. */
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes accepted by send, not yet taken by the transport. */
  readonly bufferedBytes: number;
  /**
   * The longest message accepted, inflated, from now on: for peers that may send more once they are known. A message that has
   * begun is judged by the new value when it goes on; one that is being inflated, by the lower of both. From 1 to the option
   * `maxMessageBytes`, which it is at first; it throws UsageError INVALID_ARGUMENT beyond, INVALID_STATE in mode "stream".
   */
  maxMessageBytes: number;
  /** The last round trip, or null before the first. */
  readonly roundTripMs: number | null;
  /** Never rejects. */
  readonly closed: Promise<CloseReport>;

  /**
   * Sends one message, in order; settles when the transport took its bytes. `data` belongs to the socket until then.
   * @throws (rejects) UsageError INVALID_STATE, INVALID_ARGUMENT; ConnectionError QUEUE_FULL, ABORTED, TIMEOUT, CONNECTION_CLOSED, CONNECTION_LOST
   */
  send(data: string | ArrayBufferView | ArrayBuffer, options?: SendOptions): Promise<void>;
  /**
   * Sends one message without a promise. Bytes are copied, or belong to the socket until `bufferedBytes` is 0.
   * @returns false when it was accepted, but more than the soft limit now waits: await `drained()` before the next.
   * @throws UsageError INVALID_STATE, INVALID_ARGUMENT; ConnectionError QUEUE_FULL
   */
  post(data: string | ArrayBufferView | ArrayBuffer, options?: { readonly compress?: boolean }): boolean;
  /** Settles when no more than the soft limit waits to be sent. Rejects CONNECTION_CLOSED or CONNECTION_LOST when the connection ends first. */
  drained(options?: WaitOptions): Promise<void>;
  /**
   * Sends one message, a fragment for each piece that `source` yields. It may never end. Later data waits for it, control
   * frames do not. Behind another one it rejects QUEUE_FULL when the queue is full, counting each stream as 1 KiB.
   */
  sendStream(
    source: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
    options?: SendStreamOptions,
  ): Promise<void>;
  /** The next whole message; null after the peer's Close. Rejects CONNECTION_LOST when the connection ended without one. */
  receive(options?: WaitOptions): Promise<Message | null>;
  /** The next message as a stream (mode "stream"), as soon as it begins; null after the peer's Close. What is unread of the one before is dropped. */
  receiveStream(options?: WaitOptions): Promise<MessageStream | null>;
  /** Sends a ping and settles with the round trip in milliseconds. `data`: at most 125 bytes; without it a counter is sent. */
  ping(data?: string | Uint8Array, options?: WaitOptions): Promise<number>;
  /**
   * Sends what is queued, then Close, and waits for the peer's. What arrives meanwhile is dropped. In every later state it
   * returns the same report. Never rejects.
   *
   * It always ends: with `CLOSE_TIMEOUT` the connection is aborted when the peer's Close has not come within the close
   * timeout from the moment when ours was taken, and when what is queued has not been taken within four times the write
   * timeout or the close timeout, whichever is longer. (A peer that takes no bytes at all has the write timeout, as always.)
   * After the peer's Close, what is queued and our Close have the close timeout together. `timeoutMs` bounds the whole.
   * `discardQueued` drops what is queued, also for a `close` that waits for it already.
   * @throws UsageError INVALID_ARGUMENT at once for a code or reason that may not be sent
   */
  close(code?: number, reason?: string, options?: CloseOptions): Promise<CloseReport>;
  /** Sends Close behind what is queued and settles when it was taken; receiving goes on until the peer's Close. */
  closeOutput(code?: number, reason?: string): Promise<void>;
  /** Ends the connection at once, without a handshake. `reason` goes into the report's error. */
  abort(reason?: string): void;
}
