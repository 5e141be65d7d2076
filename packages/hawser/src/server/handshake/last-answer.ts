import type { Duplex } from "node:stream";
import { WheelTimer } from "../../internal/timer-wheel.js";
import { formatRefusal } from "../../protocol/index.js";
import type { RefusalResponse } from "../../protocol/index.js";
import type { Runtime } from "../../socket/index.js";

/** How long a refused peer may take to read its answer. */
const LINGER_MS = 1000;

/**
 * Sends an answer behind which nothing comes, and closes the connection. Our direction ends at once. What the peer still
 * sends is dropped unread for a second at most: closing with unread bytes makes TCP reset the connection, and the peer
 * would lose the answer (RFC 9112 §9.6).
 */
export function answerAndClose(stream: Duplex, answer: RefusalResponse, runtime: Runtime): void {
  lookAfter(stream);
  if (stream.destroyed || stream.writableEnded) {
    stream.destroy();
    return;
  }
  dropInput(stream);
  destroyLater(stream, runtime);
  stream.end(formatRefusal(answer));
}

/** What comes from now on is not read by anybody; Node's HTTP parser neither. */
export function dropInput(stream: Duplex): void {
  stream.removeAllListeners("data");
  stream.on("data", ignore);
  stream.resume();
}

/** The peer has some time for what was written to it. */
export function destroyLater(stream: Duplex, runtime: Runtime): void {
  const timer = new WheelTimer(() => stream.destroy());
  stream.once("close", () => runtime.wheel.cancel(timer));
  runtime.wheel.arm(timer, LINGER_MS);
}

/** From now on no error of the stream can end the process. */
export function lookAfter(stream: Duplex): void {
  stream.removeListener("error", ignore);
  stream.on("error", ignore);
}

/** Somebody else listens for errors now. */
export function handOver(stream: Duplex): void {
  stream.removeListener("error", ignore);
}

function ignore(): void {}
