// The port to whatever WebSocket there is: Node's own of ours, a browser's, any class of the WHATWG standard.

export type ClientMessage = string | Uint8Array;

/** How a connection ended. */
export interface ConnectionEnd {
  /** As the peer said it; 1005: it said none. 1006: without a closing handshake, or never opened. */
  readonly code: number;
  readonly reason: string;
  readonly clean: boolean;
  /** What went wrong, as far as the platform tells. A UsageError: the URL or the options, so that no repetition can help. */
  readonly error: unknown;
  /** What the server asked for in an HTTP answer (Retry-After), where the platform shows it. */
  readonly retryAfterMs?: number | undefined;
  /** The status of an HTTP answer that refused the handshake, where the platform shows it. */
  readonly httpStatus?: number | undefined;
  /** The beginning of that answer's body, 1 KiB at most. */
  readonly httpBody?: string | undefined;
}

export interface ConnectionSink {
  onOpen(): void;
  onMessage(message: ClientMessage): void;
  /** Last, and exactly once, whether it ever opened or not. */
  onClosed(end: ConnectionEnd): void;
}

/** One connection, from its beginning: it may not be open yet. */
export interface Connection {
  readonly protocol: string;
  /** Bytes accepted by `send` that the platform has not passed on. */
  readonly bufferedBytes: number;
  /** @throws ConnectionError CONNECTION_CLOSED when the connection is not open; anything else: this message cannot be sent, others can */
  send(message: ClientMessage): void;
  /**
   * Begins the closing handshake, or gives up opening. `onClosed` comes when the platform says so, and some never do: whoever
   * calls this sets a limit, and then `abort`s. Codes that the platform lets nobody send are replaced by 1000.
   */
  close(code?: number, reason?: string): void;
  /** Ends it: `onClosed` comes before this returns, whatever the platform still does. */
  abort(): void;
  /** Settles when less waits than the platform's soft limit, or the connection is over; never rejects. Absent: the platform cannot tell, `bufferedBytes` is polled. */
  drained?(): Promise<void>;
}

/** What this platform can do. */
export interface ConnectorCapabilities {
  readonly ping: boolean;
  readonly backpressure: boolean;
  readonly headers: boolean;
}

export interface Connector {
  readonly capabilities: ConnectorCapabilities;
  /** Begins a connection; failures come by `onClosed`, never as a throw. The sink is not called before this returned. */
  open(url: string, protocols: readonly string[], sink: ConnectionSink): Connection;
}
