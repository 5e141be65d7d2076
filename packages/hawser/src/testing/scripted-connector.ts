import type { ClientMessage, Connection, ConnectionEnd, ConnectionSink, Connector } from "../client/index.js";
import { ConnectionError } from "../internal/errors.js";

export interface ScriptedConnectorOptions {
  /** Whether it says of itself that it pings: then a client sends no heartbeat of its own. @default false */
  readonly ping?: boolean;
  /** Called with each connection that begins. */
  readonly onConnection?: (connection: ScriptedConnection) => void;
}

/** A connector without a network: the test plays the platform and the server. */
export interface ScriptedConnector extends Connector {
  /** Every connection that was begun, in order. */
  readonly connections: readonly ScriptedConnection[];
  /** The newest. @throws Error when none was begun */
  readonly last: ScriptedConnection;
  /** How many are not over. */
  readonly alive: number;
}

/** Creates a connector whose connections do nothing but what a test tells them. */
export function createScriptedConnector(options: ScriptedConnectorOptions = {}): ScriptedConnector {
  const connections: ScriptedConnection[] = [];
  return {
    capabilities: { ping: options.ping ?? false, backpressure: false, headers: false },
    connections,
    get last() {
      const last = connections.at(-1);
      if (last === undefined) throw new Error("no connection was begun");
      return last;
    },
    get alive() {
      return connections.filter((connection) => !connection.isOver).length;
    },
    open(url, protocols, sink) {
      const connection = new ScriptedConnection(url, protocols, sink);
      connections.push(connection);
      options.onConnection?.(connection);
      return connection;
    },
  };
}

/** One connection of a `ScriptedConnector`, in the hands of a test. */
export class ScriptedConnection implements Connection {
  readonly url: string;
  readonly protocols: readonly string[];
  /** What the client has sent. */
  readonly sent: ClientMessage[] = [];
  /** What `bufferedBytes` answers. */
  bufferedBytes = 0;
  /** How the client has asked for the end. */
  closing: { readonly code: number | undefined; readonly reason: string | undefined } | undefined;
  isOpen = false;
  isOver = false;
  wasAborted = false;
  readonly #sink: ConnectionSink;

  constructor(url: string, protocols: readonly string[], sink: ConnectionSink) {
    this.url = url;
    this.protocols = protocols;
    this.#sink = sink;
  }

  get protocol(): string {
    return this.protocols[0] ?? "";
  }

  // --- as the client sees it ---

  send(message: ClientMessage): void {
    if (!this.isOpen) throw new ConnectionError("CONNECTION_CLOSED", "the connection is not open");
    this.sent.push(message);
  }

  close(code?: number, reason?: string): void {
    this.closing ??= { code, reason };
  }

  abort(): void {
    this.wasAborted = true;
    this.end(1006);
  }

  // --- as the test plays it ---

  /** The messages sent, as JSON; texts that are none are left out. */
  get requests(): readonly Readonly<Record<string, unknown>>[] {
    return this.sent.flatMap((message) =>
      typeof message === "string" && message.startsWith("{") ? [JSON.parse(message) as Record<string, unknown>] : [],
    );
  }

  open(): void {
    if (this.isOpen || this.isOver) return;
    this.isOpen = true;
    this.#sink.onOpen();
  }

  /** Something comes from the server; objects as JSON. */
  receive(message: ClientMessage | object): void {
    if (!this.isOpen) return;
    const isPlain = typeof message === "string" || message instanceof Uint8Array;
    this.#sink.onMessage(isPlain ? message : JSON.stringify(message));
  }

  /** Answers the newest request of that action. @throws Error when there was none */
  answer(action: string, fields: object = {}): void {
    const request = this.requests.findLast((sent) => sent["action"] === action);
    if (request === undefined) throw new Error(`no request ${action} was sent`);
    this.receive({ pid: request["pid"], actionAck: action, status: 1, ...fields });
  }

  /** Refuses the newest request of that action. */
  refuse(action: string, code: string, fields: object = {}): void {
    this.answer(action, { status: 0, error: { code, message: "no", temporary: false, ...fields } });
  }

  /** It is over. */
  end(code = 1006, facts: Partial<ConnectionEnd> = {}): void {
    if (this.isOver) return;
    this.isOver = true;
    this.isOpen = false;
    this.#sink.onClosed({ code, reason: "", clean: code !== 1006, error: undefined, ...facts });
  }
}
