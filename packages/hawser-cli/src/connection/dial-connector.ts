import type { ClientMessage, Connection, ConnectionEnd, ConnectionSink, Connector } from "hawser/client";
import { type CloseReport, ConnectionError, HawserError, ProtocolError, type Socket } from "hawser/socket";
import type { Dialer, DialSettings } from "./dial.js";

export interface DialConnectorOptions {
  readonly settings?: DialSettings;
  /** The next message is read when this has settled: who prints slowly is not sent to faster. */
  readonly pace?: () => Promise<void>;
}

/** What a client of the library connects with here: the dialer's options and words, through its proxy. */
export class DialConnector implements Connector {
  readonly capabilities = { ping: true, backpressure: true, headers: true } as const;
  readonly #dialer: Dialer;
  readonly #options: DialConnectorOptions;
  /** The present connection, once it is open; afterwards the last one. */
  socket: Socket | null = null;
  /** How the last connection ended; null for an attempt that was none. */
  report: CloseReport | null = null;

  constructor(dialer: Dialer, options: DialConnectorOptions = {}) {
    this.#dialer = dialer;
    this.#options = options;
  }

  open(_url: string, protocols: readonly string[], sink: ConnectionSink): Connection {
    const { settings = {}, pace = () => Promise.resolve() } = this.#options;
    const offered = protocols.length === 0 ? settings : { ...settings, protocols };
    this.socket = null;
    this.report = null;
    return new DialedConnection(sink, {
      dial: (signal) => this.#dialer.connect(offered, signal),
      onOpen: (socket) => {
        this.socket = socket;
      },
      onReport: (report) => {
        this.report = report;
      },
      pace,
    });
  }
}

interface Dialing {
  readonly dial: (signal: AbortSignal) => Promise<Socket>;
  readonly onOpen: (socket: Socket) => void;
  readonly onReport: (report: CloseReport) => void;
  readonly pace: () => Promise<void>;
}

class DialedConnection implements Connection {
  readonly #sink: ConnectionSink;
  readonly #attempt: AbortController = new AbortController();
  #socket: Socket | null = null;
  #ended = false;

  constructor(sink: ConnectionSink, dialing: Dialing) {
    this.#sink = sink;
    this.#run(dialing).catch((error: unknown) => this.#end(describeFailure(error)));
  }

  get protocol(): string {
    return this.#socket?.protocol ?? "";
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedBytes ?? 0;
  }

  send(message: ClientMessage): void {
    if (this.#socket === null) throw new ConnectionError("CONNECTION_CLOSED", "the connection is not open");
    this.#socket.post(message);
  }

  close(code?: number, reason?: string): void {
    if (this.#socket === null) this.abort();
    else void this.#socket.close(code, reason);
  }

  abort(): void {
    this.#end({ code: 1006, reason: "", clean: false, error: new ConnectionError("ABORTED", "given up") });
    this.#attempt.abort();
    this.#socket?.abort();
  }

  async drained(): Promise<void> {
    await this.#socket?.drained().catch(() => {});
  }

  async #run({ dial, onOpen, onReport, pace }: Dialing): Promise<void> {
    const socket = await dial(this.#attempt.signal);
    this.#socket = socket;
    if (this.#ended) {
      socket.abort();
      return;
    }
    onOpen(socket);
    this.#sink.onOpen();
    try {
      for await (const message of socket) {
        if (!this.#ended) this.#sink.onMessage(message);
        await pace();
      }
    } catch (error) {
      // the report says how the connection was lost
      if (!(error instanceof HawserError)) throw error;
    }
    const report = await socket.closed;
    if (!this.#ended) onReport(report);
    const { clean, error, received } = report;
    const told = error instanceof ProtocolError ? null : received;
    this.#end({ code: told?.code ?? 1006, reason: told?.reason ?? "", clean, error: error ?? undefined });
  }

  #end(end: ConnectionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.onClosed(end);
  }
}

/** `error` is the dialer's, in the words of the options; what it says of when to come back is in its cause. */
function describeFailure(error: unknown): ConnectionEnd {
  const end = { code: 1006, reason: "", clean: false, error };
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof HawserError) || cause.code !== "HANDSHAKE_REFUSED") return end;
  const { status, retryAfter } = cause.facts;
  const retryAfterMs = retryAfter === undefined ? undefined : parseRetryAfter(String(retryAfter));
  return { ...end, httpStatus: Number(status), retryAfterMs };
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function parseRetryAfter(text: string): number | undefined {
  const waitMs = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(waitMs) ? undefined : Math.max(waitMs, 0);
}
