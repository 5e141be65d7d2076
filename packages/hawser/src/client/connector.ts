// The port to whatever WebSocket there is: Node's own of ours, a browser's, any class of the WHATWG standard.

export type ClientMessage = string | Uint8Array;

/** How a connection ended. */
export interface ConnectionEnd {
  /** 1006: without a closing handshake, or never opened. */
  readonly code: number;
  readonly reason: string;
  readonly clean: boolean;
  /** What went wrong, as far as the platform tells. */
  readonly error: unknown;
  /** What the server asked for in an HTTP answer (Retry-After), where the platform shows it. */
  readonly retryAfterMs?: number | undefined;
  /** The status of an HTTP answer that refused the handshake, where the platform shows it. */
  readonly httpStatus?: number | undefined;
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
  /** @throws when the connection is not open */
  send(message: ClientMessage): void;
  /** Begins the closing handshake, or gives up opening. `onClosed` comes in bounded time. */
  close(code?: number, reason?: string): void;
  /** Ends it at once: `onClosed` comes at once, whatever the platform still does. */
  abort(): void;
  /** Settles when less waits than the platform's soft limit. Absent: the platform cannot tell, `bufferedBytes` is polled. */
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
  /** Begins a connection; failures come by `onClosed`, never as a throw. */
  open(url: string, protocols: readonly string[], sink: ConnectionSink): Connection;
}
