import { createDeferred } from "../internal/deferred.js";
import type { KeepAlive } from "./keep-alive.js";
import type { Runtime } from "./runtime.js";
import type { SendQueue } from "./send-queue.js";
import type { ResolvedHeartbeat } from "./socket-options.js";

export interface TextHeartbeatParts {
  readonly heartbeat: ResolvedHeartbeat;
  readonly queue: SendQueue;
  readonly keepAlive: KeepAlive;
  readonly runtime: Runtime;
  /** Whether messages may still be sent. */
  readonly canSend: () => boolean;
  /** A ping has left, or never will: a sign of life is due. */
  readonly onBeat: () => void;
}

/**
 * The heartbeat in text messages, for peers that cannot ping. Its texts wait their turn behind other data, even behind a
 * stream that may never end: so the peer's time begins when a ping has left, and of each text at most one waits.
 */
export class TextHeartbeat {
  readonly #parts: TextHeartbeatParts;
  #pongWaits = false;

  constructor(parts: TextHeartbeatParts) {
    this.#parts = parts;
  }

  /** Takes a message that is one of the two texts, exactly; answers whether it was. */
  intercept(text: string): boolean {
    const { heartbeat, keepAlive, runtime, canSend } = this.#parts;
    if (text === heartbeat.pong) keepAlive.textPonged(runtime.clock.now());
    else if (text !== heartbeat.ping) return false;
    else if (canSend() && !this.#pongWaits) this.#sendPong(heartbeat.pong);
    return true;
  }

  beat(): void {
    const { heartbeat, queue, keepAlive, runtime, onBeat } = this.#parts;
    keepAlive.queueBeat();
    const taken = createDeferred<void>();
    queue.addMessage(heartbeat.ping, taken, false);
    const begin = (): void => {
      keepAlive.beatTaken(runtime.clock.now());
      onBeat();
    };
    taken.promise.then(begin, begin); // dropped, behind a stream that was cut: then silence alone has to tell
  }

  #sendPong(text: string): void {
    this.#pongWaits = true;
    const taken = createDeferred<void>();
    const unblock = (): void => {
      this.#pongWaits = false;
    };
    taken.promise.then(unblock, unblock);
    this.#parts.queue.addMessage(text, taken, false);
  }
}
