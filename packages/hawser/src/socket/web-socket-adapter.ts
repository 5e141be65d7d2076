import { UsageError } from "../internal/errors.js";
import { isOver } from "../protocol/index.js";
import type { CloseReport, Message, Socket } from "./socket-types.js";

/** The end of the connection, as in a browser. `code` is the peer's, 1005 without one and 1006 without a Close. */
export class SocketCloseEvent extends Event {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /** What a browser does not tell. */
  readonly report: CloseReport;

  constructor(report: CloseReport) {
    super("close");
    this.code = report.received?.code ?? 1006;
    this.reason = report.received?.reason ?? "";
    this.wasClean = report.clean;
    this.report = report;
  }
}

type Listener<E> = (event: E) => void;

/**
 * A socket with the events and methods of the WHATWG `WebSocket`, for code that was written against it. It reads the socket
 * (which must be in message mode, without handlers) until its end; nothing else may. Binary messages are `ArrayBuffer`s, or
 * with `binaryType = "uint8array"` plain bytes; there are no Blobs.
 */
export class WebSocketAdapter extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;

  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;

  binaryType: "arraybuffer" | "uint8array" = "arraybuffer";
  onopen: Listener<Event> | null = null;
  onmessage: Listener<MessageEvent> | null = null;
  onerror: Listener<Event> | null = null;
  onclose: Listener<SocketCloseEvent> | null = null;
  readonly #socket: Socket;
  #ended = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    // Listeners are added after the constructor returns; the events wait for them.
    queueMicrotask(() => void this.#run());
  }

  get url(): string {
    return this.#socket.url;
  }
  get protocol(): string {
    return this.#socket.protocol;
  }
  get extensions(): string {
    return this.#socket.extensions;
  }
  get bufferedAmount(): number {
    return this.#socket.bufferedBytes;
  }
  get readyState(): 0 | 1 | 2 | 3 {
    if (this.#ended) return this.CLOSED;
    return this.#socket.state === "open" ? this.OPEN : this.CLOSING;
  }

  /**
   * Sends a message; while the connection is closing it is dropped, as the standard says. A browser queues without a limit;
   * here the queue has one: look at `bufferedAmount`.
   * @throws ConnectionError QUEUE_FULL when the message has no room in the send queue
   */
  send(data: string | ArrayBufferView | ArrayBuffer): void {
    if (this.readyState === this.OPEN) this.#socket.post(data);
  }

  /** @throws UsageError INVALID_ARGUMENT for other codes than 1000 and 3000 to 4999, or a reason of more than 123 bytes */
  close(code?: number, reason?: string): void {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new UsageError("INVALID_ARGUMENT", `close code ${code}: 1000 and 3000 to 4999 may be used`, {
        facts: { code },
      });
    }
    if (!isOver(this.#socket.state)) void this.#socket.close(code, reason);
  }

  async #run(): Promise<void> {
    this.#dispatch(new Event("open"), this.onopen);
    try {
      for await (const message of this.#socket) {
        const event = new MessageEvent("message", { data: this.#data(message) });
        this.#dispatch(event, this.onmessage);
      }
    } catch {
      // The connection was lost: the report tells.
    }
    const report = await this.#socket.closed;
    this.#ended = true;
    if (!report.clean) this.#dispatch(new Event("error"), this.onerror);
    this.#dispatch(new SocketCloseEvent(report), this.onclose);
  }

  #data(message: Message): string | Uint8Array | ArrayBuffer {
    if (typeof message === "string" || this.binaryType === "uint8array") return message;
    const { buffer, byteOffset, byteLength } = message;
    const whole = buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength;
    return whole ? buffer : message.slice().buffer;
  }

  #dispatch<E extends Event>(event: E, handler: Listener<E> | null): void {
    if (handler !== null) {
      this.addEventListener(event.type, handler as EventListener, { once: true });
    }
    this.dispatchEvent(event);
    if (handler !== null) this.removeEventListener(event.type, handler as EventListener);
  }
}
