import { quiet } from "../internal/deferred.js";
import { type ConnectionError, UsageError } from "../internal/errors.js";
import type { MessageSink } from "./message-sink.js";
import {
  createPullSink,
  createPullStreamSink,
  createPushSink,
  createPushStreamSink,
  type Intercept,
  type StreamSinkOwner,
} from "./message-sinks.js";
import { ReceiveQueue } from "./receive-queue.js";
import type { Runtime } from "./runtime.js";
import type { Handlers, StreamHandlers } from "./service.js";
import type { ResolvedSocketOptions } from "./socket-options.js";
import type { Message, MessageStream, Socket, WaitOptions } from "./socket-types.js";

export interface InboxParts<Data> {
  readonly socket: Socket<Data>;
  readonly runtime: Runtime;
  readonly options: ResolvedSocketOptions;
  readonly handlers: Handlers<Data> | StreamHandlers<Data> | undefined;
  readonly intercept: Intercept | null;
}

/** The application's end of the way in: handlers that are pushed to, or a queue that it pulls from. */
export class Inbox<Data> {
  readonly sink: MessageSink;
  readonly #parts: InboxParts<Data>;
  #messages: ReceiveQueue<Message> | null = null;
  #streams: ReceiveQueue<MessageStream> | null = null;
  /** The stream given out last. */
  #stream: MessageStream | null = null;

  constructor(parts: InboxParts<Data>, owner: StreamSinkOwner) {
    this.#parts = parts;
    this.sink = this.#createSink(owner);
  }

  /** Memory that waits to be pulled. */
  get bytes(): number {
    return this.#messages?.bytes ?? 0;
  }

  receive(options: WaitOptions | undefined): Promise<Message | null> {
    if (this.#messages === null) return quiet(Promise.reject(this.#wrongMode("receive", "message")));
    return this.#messages.receive(options, this.#parts.runtime);
  }

  receiveStream(options: WaitOptions | undefined): Promise<MessageStream | null> {
    if (this.#streams === null) return quiet(Promise.reject(this.#wrongMode("receiveStream", "stream")));
    this.#stream?.cancel();
    this.#stream = null;
    const next = this.#streams.receive(options, this.#parts.runtime).then((stream) => (this.#stream = stream));
    return quiet(next);
  }

  /** Nothing more will come: null after the peer's Close, else the error. */
  finish(end: ConnectionError | null): void {
    this.#messages?.finish(end);
    this.#streams?.finish(end);
  }

  /** Drops what waits. */
  clear(): void {
    this.#messages?.clear();
    this.#streams?.clear();
  }

  #createSink(owner: StreamSinkOwner): MessageSink {
    const { socket, options, handlers, intercept } = this.#parts;
    if (options.mode === "stream") {
      if (handlers !== undefined) {
        return createPushStreamSink(socket, handlers as StreamHandlers<Data>, options, owner);
      }
      this.#streams = new ReceiveQueue({ maxItems: Infinity, maxBytes: Infinity }); // a stream waits for the one before
      return createPullStreamSink(this.#streams, options);
    }
    if (handlers !== undefined) return createPushSink(socket, handlers as Handlers<Data>, options.borrow, intercept);
    this.#messages = new ReceiveQueue({ maxItems: options.maxReceiveMessages, maxBytes: options.maxReceiveBytes });
    return createPullSink(this.#messages, intercept);
  }

  #wrongMode(call: string, mode: string): UsageError {
    const { handlers, options } = this.#parts;
    const why =
      handlers === undefined
        ? `needs mode "${mode}"`
        : "is not possible on a socket with handlers: messages are pushed to them";
    return new UsageError("INVALID_STATE", `${call} ${why}`, { facts: { call, mode: options.mode } });
  }
}
