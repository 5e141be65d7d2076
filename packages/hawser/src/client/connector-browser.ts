import { ConnectionError, UsageError } from "../internal/errors.js";
import type { ClientMessage, Connection, ConnectionEnd, ConnectionSink, Connector } from "./connector.js";
import type { WebSocketClass, WebSocketLike } from "./web-socket-class.js";

const CONNECTING = 0;
const OPEN = 1;

/**
 * A connector over a class of the WHATWG standard. Such a class tells little: no status of a refused handshake, no reason of a
 * failure; it cannot ping and does not push back.
 */
export function createWebSocketConnector(WebSocketClass: WebSocketClass): Connector {
  return {
    capabilities: { ping: false, backpressure: false, headers: false },
    open: (url, protocols, sink) => new WebSocketConnection(WebSocketClass, { url, protocols, sink }),
  };
}

interface Attempt {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly sink: ConnectionSink;
}

class WebSocketConnection implements Connection {
  readonly #sink: ConnectionSink;
  /** null: the class refused its arguments. */
  readonly #socket: WebSocketLike | null;
  #error: unknown;
  #ended = false;

  constructor(WebSocketClass: WebSocketClass, { url, protocols, sink }: Attempt) {
    this.#sink = sink;
    this.#socket = this.#create(WebSocketClass, url, protocols);
  }

  get protocol(): string {
    return this.#socket?.protocol ?? "";
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  send(message: ClientMessage): void {
    const socket = this.#socket;
    // the class itself would drop it in silence
    if (this.#ended || socket?.readyState !== OPEN) {
      throw new ConnectionError("CONNECTION_CLOSED", "the connection is not open: the message was not sent");
    }
    (socket as Sender).send(message);
  }

  close(code?: number, reason?: string): void {
    if (this.#ended) return;
    // the standard lets it fail, without saying when it tells
    if (this.#socket === null || this.#socket.readyState === CONNECTING) return this.abort();
    try {
      this.#socket.close(canSend(code) ? code : 1000, reason);
    } catch {
      this.#socket.close();
    }
  }

  abort(): void {
    if (this.#ended) return;
    this.#end(createEnd({ error: this.#error }));
    const socket = this.#socket as Terminable | null;
    try {
      // without the closing handshake where there is a way (ws): it would wait for an answer
      if (socket?.terminate === undefined) socket?.close();
      else socket.terminate();
    } catch {
      // what is over already needs no end
    }
  }

  #create(WebSocketClass: WebSocketClass, url: string, protocols: readonly string[]): WebSocketLike | null {
    let socket: WebSocketLike;
    try {
      socket = new WebSocketClass(url, [...protocols]);
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      const error = new UsageError("INVALID_ARGUMENT", `the WebSocket class refused the URL or protocols: ${text}`, {
        cause,
      });
      // the caller does not have the connection yet
      queueMicrotask(() => this.#end(createEnd({ error })));
      return null;
    }
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#sink.onOpen();
    socket.onmessage = ({ data }: MessageFacts) => this.#sink.onMessage(toMessage(data));
    socket.onerror = (event: ErrorFacts) => {
      this.#error ??= event.error ?? event.message;
    };
    socket.onclose = ({ code, reason, wasClean }: CloseFacts) => {
      this.#end(createEnd({ code, reason, clean: wasClean, error: this.#error }));
    };
    return socket;
  }

  #end(end: ConnectionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    const socket = this.#socket;
    if (socket !== null) {
      // from now on it may do what it likes; ws throws what goes wrong where nobody listens
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.onerror = () => {};
    }
    this.#sink.onClosed(end);
  }
}

interface Sender {
  send(data: ClientMessage): void;
}

/** ws has it, the standard does not. */
interface Terminable extends WebSocketLike {
  terminate?(): void;
}

interface MessageFacts {
  readonly data: unknown;
}

/** An Event in browsers; classes of Node.js say more. */
interface ErrorFacts {
  readonly error?: unknown;
  readonly message?: unknown;
}

interface CloseFacts {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

function createEnd({ code = 1006, reason = "", clean = false, error }: Partial<ConnectionEnd>): ConnectionEnd {
  return { code, reason, clean, error };
}

/** What a script may close with; the protocol's own codes are the platform's to send. */
function canSend(code: number | undefined): boolean {
  return code === 1000 || (code !== undefined && code >= 3000 && code <= 4999);
}

function toMessage(data: unknown): ClientMessage {
  if (typeof data === "string") return data;
  if (data instanceof Uint8Array) return data;
  // binaryType says so
  return new Uint8Array(data as ArrayBuffer);
}
