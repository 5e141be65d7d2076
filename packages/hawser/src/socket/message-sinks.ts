import type { ProtocolError } from "../internal/errors.js";
import { IncomingStream } from "./incoming-stream.js";
import type { ReceiveQueue } from "./receive-queue.js";
import type { MessageSink } from "./message-sink.js";
import type { StreamHandlers } from "./service.js";
import type { ResolvedSocketOptions } from "./socket-options.js";
import type { MessageStream, Socket } from "./socket-types.js";

export interface StreamSinkOwner {
  onFault(error: ProtocolError): void;
  onHandlerFailed(error: unknown): void;
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
