import type { ProtocolError } from "../internal/errors.js";
import { IncomingStream } from "./incoming-stream.js";
import type { ReceiveQueue } from "./receive-queue.js";
import { asHold, type MessageSink } from "./message-sink.js";
import type { Handlers, StreamHandlers } from "./service.js";
import type { ResolvedSocketOptions } from "./socket-options.js";
import type { Message, MessageStream, Socket } from "./socket-types.js";

/** Keeps a message apart that is not the application's: a text heartbeat. Answers whether it was one. */
export type Intercept = (text: string) => boolean;

/** Bytes that a queued message is counted with beside its payload, so that many empty ones count too. */
const MESSAGE_OVERHEAD_BYTES = 128;

export interface StreamSinkOwner {
  onFault(error: ProtocolError): void;
  onHandlerFailed(error: unknown): void;
}

/** Push, message mode: straight into the handler. */
export function createPushSink<Data>(
  socket: Socket<Data>,
  handlers: Handlers<Data>,
  lends: boolean,
  intercept: Intercept | null,
): MessageSink {
  return {
    lends,
    message(data) {
      if (intercept !== null && typeof data === "string" && intercept(data)) return undefined;
      return asHold(handlers.message?.(socket, data));
    },
    ...noStreams,
  };
}

/** Pull, message mode: into the queue that `receive` reads. */
export function createPullSink(queue: ReceiveQueue<Message>, intercept: Intercept | null): MessageSink {
  return {
    lends: false,
    message(data) {
      if (intercept !== null && typeof data === "string" && intercept(data)) return undefined;
      return queue.push(data, data.length + MESSAGE_OVERHEAD_BYTES);
    },
    ...noStreams,
  };
}

/** Push, stream mode: the handler gets each message as it begins; the next waits until it is done with this one. */
export function createPushStreamSink<Data>(
  socket: Socket<Data>,
  handlers: StreamHandlers<Data>,
  options: ResolvedSocketOptions,
  owner: StreamSinkOwner,
): MessageSink {
  let stream: IncomingStream | null = null;
  let handled: Promise<unknown> = Promise.resolve();
  return {
    ...noMessages,
    begin(type) {
      const current = createStream(type, options);
      stream = current;
      handled = callHandler(() => handlers.message?.(socket, current)).then(
        () => {
          // A handler that is done and never looked at the message does not want it.
          if (!current.touched) current.cancel();
        },
        (error: unknown) => {
          current.cancel();
          // A message longer than `collect` allows is the peer's fault, unless the handler makes something else of it.
          if (current.overflow !== null && error === current.overflow) owner.onFault(current.overflow);
          else owner.onHandlerFailed(error);
        },
      );
      return current;
    },
    end: () => Promise.all([handled, stream?.consumed.promise]),
  };
}

/** Pull, stream mode: into the queue that `receiveStream` reads. */
export function createPullStreamSink(queue: ReceiveQueue<MessageStream>, options: ResolvedSocketOptions): MessageSink {
  let stream: IncomingStream | null = null;
  return {
    ...noMessages,
    begin(type) {
      stream = createStream(type, options);
      void queue.push(stream, 0);
      return stream;
    },
    end: () => stream?.consumed.promise,
  };
}

const noStreams: Pick<MessageSink, "begin" | "end"> = {
  begin: () => {
    throw new Error("a message sink was given a stream"); // the parser's mode is the socket's
  },
  end: () => undefined,
};

const noMessages: Pick<MessageSink, "lends" | "message"> = { lends: false, message: () => undefined };

function createStream(type: "text" | "binary", options: ResolvedSocketOptions): IncomingStream {
  return new IncomingStream(type, {
    maxUnreadBytes: options.maxReceiveBytes,
    maxMessageBytes: options.maxMessageBytes,
  });
}

async function callHandler(call: () => unknown): Promise<void> {
  await call();
}
