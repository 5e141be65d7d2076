import { ConnectionError, HawserError, ProtocolError } from "../internal/errors.js";
import { checkConnectOptions, connect, refuseConnectOptions } from "../node/index.js";
import type { MessageConnectOptions } from "../node/index.js";
import type { CloseReport, Socket } from "../socket/index.js";
import type { ClientMessage, Connection, ConnectionEnd, ConnectionSink, Connector } from "./connector.js";
import { parseRetryAfter } from "./retry-after.js";

/** What the client has the say in. */
const clientsOwn = ["mode", "borrow", "autoClose", "protocols", "handlers", "data", "signal"] as const;

/**
 * How this client's connections are made: the options of `connect`, without those that the client has the say in. One
 * default differs: `handshakeTimeoutMs` is Infinity, for the client's `connectTimeoutMs` holds.
 */
export type NodeConnectionOptions = Omit<MessageConnectOptions, (typeof clientsOwn)[number]>;

/** Options, or what makes them anew for every connection: headers whose token ends, say. */
export type NodeConnectionSource =
  | NodeConnectionOptions
  | (() => NodeConnectionOptions | Promise<NodeConnectionOptions>);

/**
 * A connector over `connect` of `hawser/socket`: it pings, pushes back, and tells how a handshake was refused.
 * @throws UsageError INVALID_ARGUMENT; ConnectionError TLS_INVALID
 */
export function createNodeConnector(source: NodeConnectionSource = {}): Connector {
  if (typeof source !== "function") {
    checkOwn(source);
    checkConnectOptions(source);
  }
  return {
    capabilities: { ping: true, backpressure: true, headers: true },
    open: (url, protocols, sink) => new NodeConnection({ url, protocols, source }, sink),
  };
}

function checkOwn(options: NodeConnectionOptions): void {
  refuseConnectOptions(options, clientsOwn, "leave it out, the client decides it by its own options");
}

interface Attempt {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly source: NodeConnectionSource;
}

class NodeConnection implements Connection {
  readonly #sink: ConnectionSink;
  /** Cancels the attempt; without effect once there is a socket. */
  readonly #opening = new AbortController();
  #socket: Socket | null = null;
  #ended = false;

  constructor(attempt: Attempt, sink: ConnectionSink) {
    this.#sink = sink;
    // its handlers tell of a socket's end
    this.#open(attempt).catch((error: unknown) => this.#end(describeFailure(error)));
  }

  get protocol(): string {
    return this.#socket?.protocol ?? "";
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedBytes ?? 0;
  }

  send(message: ClientMessage): void {
    if (this.#socket?.state !== "open") {
      throw new ConnectionError("CONNECTION_CLOSED", "the connection is not open: the message was not sent");
    }
    this.#socket.post(message);
  }

  close(code?: number, reason?: string): void {
    if (this.#socket === null) return this.abort();
    try {
      void this.#socket.close(code, reason);
    } catch {
      void this.#socket.close();
    }
  }

  abort(): void {
    const error = new ConnectionError("ABORTED", "the connection was given up");
    this.#end({ code: 1006, reason: "", clean: false, error });
    this.#opening.abort(error);
    this.#socket?.abort();
  }

  /** The end of the connection ends the wait, too: `onClosed` tells of it. */
  drained(): Promise<void> {
    if (this.#ended || this.#socket === null) return Promise.resolve();
    return this.#socket.drained().catch(() => {});
  }

  async #open({ url, protocols, source }: Attempt): Promise<void> {
    // also for options that are there: nothing is told before the caller has the connection
    const options = typeof source === "function" ? await source() : await Promise.resolve(source);
    if (this.#ended) return;
    if (typeof source === "function") checkOwn(options);
    await connect(url, {
      handshakeTimeoutMs: Infinity,
      ...options,
      protocols,
      signal: this.#opening.signal,
      handlers: {
        open: (socket) => this.#onOpen(socket),
        message: (_socket, message) => {
          if (!this.#ended) this.#sink.onMessage(message);
        },
        close: (_socket, report) => this.#end(describeReport(report)),
      },
    });
  }

  #onOpen(socket: Socket): void {
    this.#socket = socket;
    if (this.#ended) socket.abort();
    else this.#sink.onOpen();
  }

  #end(end: ConnectionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.onClosed(end);
  }
}

/** Who broke the rules is told a code by us; `code` is what the peer says. */
function describeReport({ clean, error, received }: CloseReport): ConnectionEnd {
  const told = error instanceof ProtocolError ? null : received;
  return { code: told?.code ?? 1006, reason: told?.reason ?? "", clean, error: error ?? undefined };
}

function describeFailure(error: unknown): ConnectionEnd {
  const end = { code: 1006, reason: "", clean: false, error };
  if (!(error instanceof HawserError) || error.code !== "HANDSHAKE_REFUSED") return end;
  const { status, body, retryAfter } = error.facts;
  return {
    ...end,
    httpStatus: Number(status),
    httpBody: String(body),
    retryAfterMs: retryAfter === undefined ? undefined : parseRetryAfter(String(retryAfter), Date.now()),
  };
}
