import type { CloseReport, Message, Socket } from "./socket-types.js";

/** A socket as a pair of web streams, in the shape of WebSocketStream. */
export interface SocketStreams {
  readonly readable: ReadableStream<Message>;
  readonly writable: WritableStream<string | ArrayBufferView | ArrayBuffer>;
  readonly protocol: string;
  readonly extensions: string;
  readonly closed: Promise<CloseReport>;
}

/**
 * Turns a socket (in message mode, without handlers) into a pair of streams, one chunk a message, with backpressure both
 * ways: a message is read when the reader asks for it, and a write settles when the transport took it. Closing the writable
 * closes the connection with 1000; aborting it or cancelling the readable aborts the connection.
 */
export function toStreams(socket: Socket): SocketStreams {
  const readable = new ReadableStream<Message>(
    {
      async pull(controller) {
        const message = await socket.receive();
        if (message === null) controller.close();
        else controller.enqueue(message);
      },
      cancel: () => socket.abort("the reader cancelled"),
    },
    { highWaterMark: 0 },
  );
  const writable = new WritableStream<string | ArrayBufferView | ArrayBuffer>({
    start(controller) {
      void socket.closed.then((report) => {
        if (!report.clean) controller.error(report.error);
      });
    },
    write: (data) => socket.send(data),
    async close() {
      await socket.closeOutput();
    },
    abort: () => socket.abort("the writer aborted"),
  });
  const { protocol, extensions, closed } = socket;
  return { readable, writable, protocol, extensions, closed };
}
