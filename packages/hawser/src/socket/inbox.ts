import { quiet } from "../internal/deferred.js";
import { type ConnectionError, UsageError } from "../internal/errors.js";
import { asHold, type Hold, type MessageSink } from "./message-sink.js";
import { createPullStreamSink, createPushStreamSink, type StreamSinkOwner } from "./message-sinks.js";
import { ReceiveQueue } from "./receive-queue.js";
import type { Handlers, StreamHandlers } from "./service.js";
import type { SocketKind } from "./socket-kind.js";
import type { Message, MessageStream, Socket, WaitOptions } from "./socket-types.js";

/** Keeps a message apart that is not the application's: a text heartbeat. Answers whether it was one. */
export type Intercept = (text: string) => boolean;

/** Bytes that a queued message is counted with beside its payload, so that many empty ones count too. */
const MESSAGE_OVERHEAD_BYTES = 128;

/**
 * The application's end of the way in: handlers that are pushed to, or a queue that it pulls from. In message mode it is the
 * sink itself, so that a connection at rest has no more than this.
 */
export class Inbox<Data> implements MessageSink {
  readonly sink: MessageSink;
  readonly lends: boolean;
  readonly #socket: Socket<Data>;
  readonly #kind: SocketKind<Data>;
  readonly #handlers: Handlers<Data> | StreamHandlers<Data> | undefined;
  readonly #intercept: Intercept | null;
  #messages: ReceiveQueue<Message> | null = null;
  #streams: ReceiveQueue<MessageStream> | null = null;
  /** The stream given out last. */
  #stream: MessageStream | null = null;

  /** `handlers`: the kind's, or what a service function returned for this socket. */
  constructor(
    socket: Socket<Data> & StreamSinkOwner,
    kind: SocketKind<Data>,
    handlers: Handlers<Data> | StreamHandlers<Data> | undefined,
    intercept: Intercept | null,
  ) {
    this.#socket = socket;
    this.#kind = kind;
    this.#handlers = handlers;
    this.#intercept = intercept;
    this.lends = handlers !== undefined && kind.options.borrow;
    this.sink = this.#createSink(socket);
  }

  // MessageSink, in message mode

  message(data: Message): Hold {
    if (this.#intercept !== null && typeof data === "string" && this.#intercept(data)) return undefined;
    if (this.#messages !== null) return this.#messages.push(data, data.length + MESSAGE_OVERHEAD_BYTES);
    const handlers = this.#handlers as Handlers<Data> | undefined; // the mode says which they are
    return asHold(handlers?.message?.(this.#socket, data));
  }

  begin(): never {
    throw new Error("a message sink was given a stream"); // the parser's mode is the socket's
  }

  end(): undefined {
    return undefined;
  }

  /** Memory that waits to be pulled. */
  get bytes(): number {
    return this.#messages?.bytes ?? 0;
  }

  receive(options: WaitOptions | undefined): Promise<Message | null> {
    if (this.#messages === null) return quiet(Promise.reject(this.#wrongMode("receive", "message")));
    return this.#messages.receive(options, this.#kind.runtime);
  }

  receiveStream(options: WaitOptions | undefined): Promise<MessageStream | null> {
    if (this.#streams === null) return quiet(Promise.reject(this.#wrongMode("receiveStream", "stream")));
    this.#stream?.cancel();
    this.#stream = null;
    const next = this.#streams.receive(options, this.#kind.runtime).then((stream) => (this.#stream = stream));
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
    const { options } = this.#kind;
    const handlers = this.#handlers;
    if (options.mode === "stream") {
      if (handlers !== undefined) {
        return createPushStreamSink(this.#socket, handlers as StreamHandlers<Data>, options, owner); // the mode says which
      }
      this.#streams = new ReceiveQueue({ maxItems: Infinity, maxBytes: Infinity }); // a stream waits for the one before
      return createPullStreamSink(this.#streams, options);
    }
    if (handlers === undefined) {
      this.#messages = new ReceiveQueue({ maxItems: options.maxReceiveMessages, maxBytes: options.maxReceiveBytes });
    }
    return this;
  }

  #wrongMode(call: string, mode: string): UsageError {
    const { options } = this.#kind;
    const why =
      this.#handlers === undefined
        ? `needs mode "${mode}"`
        : "is not possible on a socket with handlers: messages are pushed to them";
    return new UsageError("INVALID_STATE", `${call} ${why}`, { facts: { call, mode: options.mode } });
  }
}
