import { ConnectionError, UsageError } from "../internal/errors.js";
import type { Deferred } from "../internal/deferred.js";
import { createDeferred } from "../internal/deferred.js";
import type { Transport } from "../socket/transport.js";
import type { FrameToSend, ReceivedFrame } from "./wire-frame.js";
import { decodeWireFrame, encodeWireFrame } from "./wire-frame.js";

export interface ScriptedPeerOptions {
  /** Which side the peer plays: a client masks its frames unless told otherwise. @default "client" */
  readonly role?: "client" | "server";
}

/**
 * The other end of a connection, with no manners of its own: it answers nothing, keeps no rule and sends the bytes that a
 * test tells it to, legal or not. What comes is read by a reader that shares nothing with the engine.
 */
export class ScriptedPeer {
  /** Every frame that came, in order. */
  readonly received: ReceivedFrame[] = [];
  /** Settles when the other side ended its direction or the connection is over. */
  readonly ended: Promise<void>;
  /** Settles when the connection is over, with the error if there was one. Never rejects. */
  readonly closed: Promise<Error | undefined>;
  readonly #transport: Transport;
  readonly #masked: boolean;
  readonly #waiters: Deferred<ReceivedFrame>[] = [];
  readonly #end: Deferred<void> = createDeferred();
  readonly #close: Deferred<Error | undefined> = createDeferred();
  #unread: Buffer = Buffer.alloc(0);
  #handedOut = 0;
  #hasEnded = false;
  #hasClosed = false;

  /** Starts `transport`, which then belongs to the peer. */
  constructor(transport: Transport, options: ScriptedPeerOptions = {}) {
    this.#transport = transport;
    this.#masked = options.role !== "server";
    this.ended = this.#end.promise;
    this.closed = this.#close.promise;
    transport.start({
      onData: (buffer, start, end) => this.#receive(buffer.subarray(start, end)),
      onDrain: () => {},
      onProgress: () => {},
      onEnd: () => this.#finish(),
      onClosed: (error) => {
        this.#finish();
        this.#hasClosed = true;
        this.#close.resolve(error);
      },
    });
  }

  /** Whether the other side ended its direction, or the connection is over. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether the connection is over. */
  get hasClosed(): boolean {
    return this.#hasClosed;
  }

  /** The bytes that came and make no whole frame yet, in hexadecimal. */
  get unreadHex(): string {
    return this.#unread.toString("hex");
  }

  send(...chunks: readonly Uint8Array[]): void {
    this.#transport.write(chunks);
  }

  /** Sends the bytes written as hexadecimal digits, with spaces where one likes. @throws UsageError INVALID_ARGUMENT */
  sendHex(hex: string): void {
    const digits = hex.replaceAll(/\s/g, "");
    if (digits.length % 2 !== 0 || !/^[\da-f]*$/i.test(digits)) {
      throw new UsageError("INVALID_ARGUMENT", `"${hex}" is not made of pairs of hexadecimal digits`, {
        facts: { hex },
      });
    }
    this.send(Buffer.from(digits, "hex"));
  }

  sendFrame(frame: FrameToSend): void {
    this.send(encodeWireFrame({ masked: this.#masked, ...frame }));
  }

  sendText(text: string): void {
    this.sendFrame({ opcode: 1, payload: text });
  }

  /** Without a code it sends an empty Close. */
  sendClose(code?: number, reason = ""): void {
    const payload =
      code === undefined ? "" : Buffer.concat([Uint8Array.of(code >>> 8, code & 0xff), Buffer.from(reason)]);
    this.sendFrame({ opcode: 8, payload });
  }

  /**
   * The oldest frame that `nextFrame` did not give yet, now or when it comes.
   * @throws (rejects) ConnectionError CONNECTION_CLOSED when the other side ended without sending one
   */
  nextFrame(): Promise<ReceivedFrame> {
    const waiter = createDeferred<ReceivedFrame>();
    this.#waiters.push(waiter);
    this.#handOut();
    return waiter.promise;
  }

  /** Reads no more, so that the other side's bytes pile up. */
  pause(): void {
    this.#transport.pause();
  }

  resume(): void {
    this.#transport.resume();
  }

  /** Ends its direction (TCP FIN). */
  end(): void {
    this.#transport.end();
  }

  /** Ends both directions at once, without a Close. */
  destroy(): void {
    this.#transport.destroy();
  }

  #receive(bytes: Uint8Array): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    for (let next = decodeWireFrame(this.#unread); next !== undefined; next = decodeWireFrame(this.#unread)) {
      this.received.push(next.frame);
      this.#unread = this.#unread.subarray(next.wireBytes);
    }
    this.#handOut();
  }

  #finish(): void {
    this.#hasEnded = true;
    this.#end.resolve();
    this.#handOut();
  }

  #handOut(): void {
    while (this.#waiters.length > 0) {
      const frame = this.received[this.#handedOut];
      if (frame === undefined && !this.#hasEnded) return;
      const waiter = this.#waiters.shift();
      if (frame === undefined) {
        waiter?.reject(new ConnectionError("CONNECTION_CLOSED", "the other side ended and sent no further frame"));
      } else {
        this.#handedOut++;
        waiter?.resolve(frame);
      }
    }
  }
}
