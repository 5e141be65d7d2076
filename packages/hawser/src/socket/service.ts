import type { Socket } from "./socket-types.js";
import type { CloseFrame, CloseReport, Message, MessageStream } from "./socket-types.js";
import type { HawserError } from "../internal/errors.js";
import type { OutboundHeaders } from "../protocol/index.js";
import type { ClientCertificate } from "./client-certificate.js";
import type { SocketOptions } from "./socket-options.js";

/** Everything known of a connection before it is accepted. */
export interface HandshakeInfo {
  /** The request target as the client wrote it: path and query. */
  readonly url: string;
  /** The path alone, percent-decoded. */
  readonly path: string;
  /** The query, decoded; repeated names keep every value. */
  readonly query: URLSearchParams;
  /** What the service's path pattern matched, in a frozen record without prototype. */
  readonly params: Readonly<Record<string, string>>;
  /** Request headers with lower-case names; a header that came more than once is joined with ", ". */
  readonly headers: ReadonlyMap<string, string>;
  /** The Origin header, or undefined: not a browser. */
  readonly origin: string | undefined;
  /** The sub-protocols offered, in the client's order of preference. */
  readonly protocols: readonly string[];
  /** The client's address, as seen behind `trustedProxies`; an IPv4 address is never written as IPv6. undefined on a Unix socket. */
  readonly remoteAddress: string | undefined;
  /** Whether the client's connection has TLS: ours, or that of a trusted proxy. */
  readonly secure: boolean;
  /** What the client identified itself with in TLS. Only servers whose `tls.clientCertificates` asks for it get one. */
  readonly clientCertificate: ClientCertificate | undefined;
  /** Aborted when the client goes away, or the handshake times out, while `admit` decides. */
  readonly signal: AbortSignal;
}

/** Refuses a connection with an HTTP answer. */
export interface Refusal {
  /** 400 to 599, or a redirect (300 to 399). */
  readonly status: number;
  readonly headers?: OutboundHeaders;
  readonly body?: string;
}

/** Accepts a connection, and says more than yes. */
export interface Admission<Data = unknown> {
  /** One of the sub-protocols offered; chosen by the server's list when absent. */
  readonly protocol?: string;
  /** Becomes `socket.data`. */
  readonly data?: Data;
  /** Further headers of the 101 answer. */
  readonly headers?: OutboundHeaders;
}

/** What `admit` may answer: nothing (accept), an Admission or a Refusal (known by its `status`). */
export type AdmitResult<Data = unknown> = void | Admission<Data> | Refusal;

/** Options that a service brings along. Those given where it is put at a path come before them, those of the server after. */
export interface ServiceDefaults extends Omit<SocketOptions, "mode"> {
  /** The sub-protocols spoken. */
  readonly protocols?: readonly string[];
}

/**
 * The handlers of a service in message mode (the default). A socket with handlers is pushed to: `receive` is not possible
 * on it, and without a `message` handler what arrives is dropped.
 */
export interface Handlers<Data = unknown> {
  /** What the service needs of its sockets. @default nothing: the server's options */
  readonly defaults?: ServiceDefaults;
  /** Runs before the 101. May refuse. Throwing answers 500. */
  admit?(request: HandshakeInfo): AdmitResult<Data> | Promise<AdmitResult<Data>>;
  /**
   * The connection is open. Messages do not wait for its promise: `admit` is the place for what must be known before the
   * first. When it rejects, the connection is closed with 1011.
   */
  open?(socket: Socket<Data>): void | Promise<void>;
  /** A whole message came. A promise holds back the next message until it settles. */
  message?(socket: Socket<Data>, data: Message): unknown;
  /** The peer's Close came: no message follows. With `autoClose: false` the application answers it by `close`. */
  closing?(socket: Socket<Data>, frame: CloseFrame): void;
  /** The connection is over; called exactly once for every socket that was opened. */
  close?(socket: Socket<Data>, report: CloseReport): void;
  /** Something went wrong that the connection may survive, or the reason why it does not. */
  error?(socket: Socket<Data>, error: HawserError): void;
}

/** The handlers of a service in stream mode: `message` gets each message as it begins. */
export interface StreamHandlers<Data = unknown> extends Omit<Handlers<Data>, "message"> {
  message?(socket: Socket<Data>, stream: MessageStream): unknown;
}

/**
 * A service made anew for each socket, which it gets open. It returns the handlers of this one socket; or it returns none and
 * makes its own use of the socket, by `receive` or `for await`.
 */
export type SocketHandler<Data = unknown> = (
  socket: Socket<Data>,
  info: HandshakeInfo,
) => void | Promise<void> | Omit<Handlers<Data>, "admit"> | Omit<StreamHandlers<Data>, "admit">;

/** What can be put at a path. */
export type Service<Data = unknown> = Handlers<Data> | SocketHandler<Data>;
