import { HawserError } from "../internal/errors.js";
import { Fifo } from "../internal/fifo.js";
import { CLOSE_SLOW } from "../messages/index.js";
import { asFanOut, type EncodedMessage, type FanOutSocket } from "../socket/fan-out.js";
import type { CloseReport, Runtime, Socket } from "../socket/index.js";
import type { GatewayLimits } from "./gateway-types.js";

/** What a message that waits costs beside its bytes. */
const ENTRY_BYTES = 64;

export type OutboxLimits = Pick<GatewayLimits, "maxOutboxMessages" | "maxOutboxBytes">;

export type OutboxRuntime = Pick<Runtime, "bytes">;

/**
 * The one writer of a gateway's connection, before the socket's own queue. While the socket has room a message goes straight to
 * it. Beyond the socket's soft limit messages wait here, in two lanes: replies overtake channel data, and each lane keeps its
 * order. When more waits than the limits allow, the peer is too slow: all of it is dropped and the connection is closed with 4008.
 *
 * Nothing is thrown: what is sent to a connection that has ended, or is ending, is dropped.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #limits: OutboxLimits;
  readonly #runtime: OutboxRuntime;
  readonly #onSlow: (socket: Socket) => void;
  /** There only while the socket is beyond its soft limit. */
  #lanes: Lanes | null = null;
  #closed = false;

  /** `onSlow` is told when the connection is closed with 4008; it may be one function for all outboxes. */
  constructor(socket: Socket, limits: OutboxLimits, runtime: OutboxRuntime, onSlow: (socket: Socket) => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#runtime = runtime;
    this.#onSlow = onSlow;
  }

  /** Messages that wait, in both lanes. */
  get queuedMessages(): number {
    return this.#lanes?.messages ?? 0;
  }

  /** Their bytes in UTF-8. */
  get queuedBytes(): number {
    return this.#lanes?.bytes ?? 0;
  }

  /** Sends a response, a push to a session or a user, or control. `compress: false` for secrets. */
  reply(text: string, options?: { readonly compress?: boolean }): void {
    this.#put(text, "replies", options?.compress ?? true);
  }

  /** Sends channel data; what is encoded once is for many. `channel` is what `dropData` goes by. */
  data(message: string | EncodedMessage, channel = ""): void {
    this.#put(message, "data", true, channel);
  }

  /** Drops the data of a channel that waits here: what is answered now must be the last that is heard of the channel. */
  dropData(channel: string): void {
    const dropped = this.#lanes?.remove(channel) ?? [];
    for (const { bytes } of dropped) this.#fanOut?.charge(-bytes - ENTRY_BYTES);
  }

  /** Drops what waits; nothing is taken any more. The socket is left as it is. */
  close(): void {
    this.#closed = true;
    this.#dropLanes();
  }

  #put(message: string | EncodedMessage, lane: LaneName, compress: boolean, channel = ""): void {
    if (this.#closed) return;
    if (this.#lanes === null) {
      if (!this.#post(message, compress)) this.#wait();
      return;
    }
    const bytes = typeof message === "string" ? this.#runtime.bytes.utf8ByteLength(message) : message.payload.length;
    this.#lanes.add(lane, { message, bytes, compress, channel });
    this.#fanOut?.charge(bytes + ENTRY_BYTES);
    if (this.#isOverfull(this.#lanes)) this.#closeAsSlow();
  }

  /** One message alone may be as long as it likes. */
  #isOverfull({ messages, bytes }: Lanes): boolean {
    return messages > this.#limits.maxOutboxMessages || (bytes > this.#limits.maxOutboxBytes && messages > 1);
  }

  /** Answers whether the next may follow at once. */
  #post(message: string | EncodedMessage, compress: boolean): boolean {
    try {
      return this.#hand(message, compress) || this.#fanOut?.flush() === true;
    } catch (error) {
      if (!(error instanceof HawserError)) throw error;
      // more than the socket's hard limit in one message, behind others: it would never have room
      if (error.code === "QUEUE_FULL") this.#closeAsSlow();
      // else the connection is over, and its end will be told by the socket
      return true;
    }
  }

  #hand(message: string | EncodedMessage, compress: boolean): boolean {
    if (typeof message === "string") return this.#socket.post(message, { compress });
    const fanOut = this.#fanOut;
    if (fanOut !== undefined) return fanOut.postEncoded(message);
    return this.#socket.post(message.data, { compress: message.compress });
  }

  #wait(): void {
    if (this.#closed) return;
    this.#lanes ??= new Lanes();
    const ended = (): void => this.close();
    this.#socket.drained().then(() => this.#flush(), ended);
  }

  #flush(): void {
    for (;;) {
      const lanes = this.#lanes;
      if (lanes === null) return;
      const next = lanes.take();
      if (next === undefined) {
        this.#lanes = null;
        return;
      }
      this.#fanOut?.charge(-next.bytes - ENTRY_BYTES);
      if (!this.#post(next.message, next.compress)) {
        this.#wait();
        return;
      }
    }
  }

  #closeAsSlow(): void {
    this.close();
    // it may be ending for another reason, which holds: for being slow too, by the socket's own account
    if (!isSending(this.#socket)) return;
    void this.#socket.close(CLOSE_SLOW, "too slow", { discardQueued: true });
    this.#onSlow(this.#socket);
  }

  #dropLanes(): void {
    const lanes = this.#lanes;
    this.#lanes = null;
    if (lanes !== null && lanes.messages > 0) this.#fanOut?.charge(-lanes.bytes - lanes.messages * ENTRY_BYTES);
  }

  get #fanOut(): FanOutSocket | undefined {
    return asFanOut(this.#socket);
  }
}

/** The code that a connection ended with, as the gateway tells it: a peer that took nothing for too long is too slow, too. */
export function disconnectCode(report: CloseReport): number {
  return report.error?.code === "WRITE_TIMEOUT" && report.sent === null ? CLOSE_SLOW : report.code;
}

function isSending({ state }: Socket): boolean {
  return state === "open" || state === "close-received";
}

interface Waiting {
  readonly message: string | EncodedMessage;
  readonly bytes: number;
  readonly compress: boolean;
  readonly channel: string;
}

type LaneName = "replies" | "data";

/** What waits, in two lanes. */
class Lanes {
  readonly replies: Fifo<Waiting> = new Fifo();
  readonly data: Fifo<Waiting> = new Fifo();
  messages = 0;
  bytes = 0;

  add(lane: LaneName, waiting: Waiting): void {
    this[lane].push(waiting);
    this.messages++;
    this.bytes += waiting.bytes;
  }

  /** Takes the data of a channel out. */
  remove(channel: string): Waiting[] {
    const removed = this.data.remove((waiting) => waiting.channel === channel);
    for (const { bytes } of removed) {
      this.messages--;
      this.bytes -= bytes;
    }
    return removed;
  }

  /** The next to leave: a reply, if there is one. */
  take(): Waiting | undefined {
    const waiting = this.replies.shift() ?? this.data.shift();
    if (waiting === undefined) return undefined;
    this.messages--;
    this.bytes -= waiting.bytes;
    return waiting;
  }
}
