import { ConnectionError } from "../internal/errors.js";
import { createMisuse } from "./client-errors.js";
import type { ClientMessage, Connection, ConnectionSink, Connector } from "./connector.js";
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
    open: (url, protocols, sink) => {
      try {
        return openConnection(new WebSocketClass(url, [...protocols]), sink);
      } catch (cause) {
        return openConnection(null, sink, createMisuse("url", url, `another: ${String(cause)}`));
      }
    },
  };
}

/** `socket`: null when the class refused its arguments, for the reason `error`. */
function openConnection(socket: WebSocketLike | null, sink: ConnectionSink, error?: unknown): Connection {
  let isOver = false;
  const end = (code = 1006, reason = "", clean = false): void => {
    if (isOver) return;
    isOver = true;
    if (socket !== null) {
      // from now on it may do what it likes; ws throws what goes wrong where nobody listens
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.onerror = () => {};
    }
    sink.onClosed({ code, reason, clean, error });
  };
  const abort = (): void => {
    if (isOver) return;
    end();
    try {
      // without the closing handshake where there is a way (ws): it would wait for an answer
      const terminable = socket as Terminable | null;
      if (terminable?.terminate === undefined) socket?.close();
      else terminable.terminate();
    } catch {
      // what is over already needs no end
    }
  };
  // the caller does not have the connection yet
  if (socket === null) queueMicrotask(() => end());
  else {
    socket.binaryType = "arraybuffer";
    socket.onopen = () => sink.onOpen();
    socket.onmessage = ({ data }: MessageFacts) => sink.onMessage(toMessage(data));
    socket.onerror = (event: ErrorFacts) => {
      error ??= event.error ?? event.message;
    };
    socket.onclose = ({ code, reason, wasClean }: CloseFacts) => end(code, reason, wasClean);
  }
  return {
    get protocol() {
      return socket?.protocol ?? "";
    },
    get bufferedBytes() {
      return socket?.bufferedAmount ?? 0;
    },
    send: (message) => {
      // the class itself would drop it in silence
      if (isOver || socket?.readyState !== OPEN) throw new ConnectionError("CONNECTION_CLOSED", "not open");
      (socket as Sender).send(message);
    },
    close: (code, reason) => {
      // the standard lets it fail, without saying when it tells
      if (socket === null || socket.readyState === CONNECTING) return abort();
      if (isOver) return;
      try {
        socket.close(code, reason);
      } catch {
        // the protocol's own codes are the platform's to send
        socket.close(1000);
      }
    },
    abort,
  };
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

function toMessage(data: unknown): ClientMessage {
  // binaryType says so
  return typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer);
}
