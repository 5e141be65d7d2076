import { Duplex } from "node:stream";
import { UsageError } from "../internal/errors.js";
import { isOver } from "../protocol/index.js";
import type { Socket } from "../socket/index.js";

/**
 * Turns a socket (in message mode, without handlers) into a Duplex over the bytes of its binary messages: the seeds' stream
 * socket. Every chunk written is one message; where messages end is not kept on the way in. The end of the writable side
 * sends Close and goes on reading; a text message destroys the stream.
 */
export function toDuplex(socket: Socket): Duplex {
  const duplex = new Duplex({
    read() {
      void readNext(socket, duplex);
    },
    write(chunk: Uint8Array, _encoding, done) {
      settle(socket.send(chunk), done);
    },
    final(done) {
      if (isOver(socket.state)) done();
      else settle(socket.closeOutput(), done);
    },
    destroy(error, done) {
      if (!isOver(socket.state)) socket.abort(error?.message ?? "the stream was destroyed");
      done(error);
    },
  });
  return duplex;
}

/** Ends one of the stream's steps with the promise that did its work. */
function settle(work: Promise<void>, done: (error?: Error | null) => void): void {
  const finish = (error: Error | null): void => {
    // Out of the promise: what the stream does next may throw, and is the stream's.
    process.nextTick(done, error);
  };
  work.then(() => finish(null), finish);
}

async function readNext(socket: Socket, duplex: Duplex): Promise<void> {
  try {
    const message = await socket.receive();
    if (typeof message === "string") {
      throw new UsageError("INVALID_STATE", "a text message came on a stream of bytes");
    }
    duplex.push(message);
  } catch (error) {
    duplex.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}
