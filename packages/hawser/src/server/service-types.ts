import type {
  AdmitResult,
  CloseFrame,
  CloseReport,
  HandshakeInfo,
  HeartbeatOptions,
  Message,
  MessageStream,
  Socket,
  SocketOptions,
} from "../socket/index.js";
import type { ServiceDefaults } from "../socket/service.js";
import type { RequestHandler } from "./server-options.js";
import type { HawserError } from "../internal/errors.js";

/** The parameters that a path pattern names: `PathParams<"/chat/:room">` is `{ readonly room: string }`. */
export type PathParams<Path extends string> = string extends Path
  ? Readonly<Record<string, string>>
  : { readonly [Name in ParamNames<Path>]: string };

type ParamNames<Path extends string> = Path extends `${infer First}/${infer Rest}`
  ? ParamNames<First> | ParamNames<Rest>
  : Path extends `:${infer Name}`
    ? Name
    : never;

/** A socket of a service, with the parameters of its path by name, and no others. */
export interface ServiceSocket<Data, Path extends string> extends Omit<Socket<Data>, "params"> {
  readonly params: PathParams<Path>;
}

/** What is known before a connection is accepted, with the parameters of the path by name, and no others. */
export interface ServiceRequest<Path extends string> extends Omit<HandshakeInfo, "params"> {
  readonly params: PathParams<Path>;
}

interface CommonHandlers<Data, Path extends string> {
  /** What the service needs of its sockets. @default nothing: the server's options */
  readonly defaults?: ServiceDefaults;
  /** Runs before the 101. May refuse. Throwing answers 500. */
  admit?(request: ServiceRequest<Path>): AdmitResult<Data> | Promise<AdmitResult<Data>>;
  /** The connection is open. */
  open?(socket: ServiceSocket<Data, Path>): void | Promise<void>;
  /** The peer's Close came: no message follows. With `autoClose: false` the application answers it by `close`. */
  closing?(socket: ServiceSocket<Data, Path>, frame: CloseFrame): void;
  /** The connection is over; called exactly once for every socket that was opened. */
  close?(socket: ServiceSocket<Data, Path>, report: CloseReport): void;
  /** Something went wrong that the connection may survive, or the reason why it does not. */
  error?(socket: ServiceSocket<Data, Path>, error: HawserError): void;
}

/** `Handlers`, with the parameters of the path by name. */
export interface ServiceHandlers<Data, Path extends string> extends CommonHandlers<Data, Path> {
  /** A whole message came. A promise holds back the next message until it settles. */
  message?(socket: ServiceSocket<Data, Path>, data: Message): unknown;
}

/** `StreamHandlers`, with the parameters of the path by name. */
export interface ServiceStreamHandlers<Data, Path extends string> extends CommonHandlers<Data, Path> {
  /** A message began. */
  message?(socket: ServiceSocket<Data, Path>, stream: MessageStream): unknown;
}

/**
 * A service made anew for each socket, which it gets open. It returns the handlers of this one socket. Or it makes its own
 * use of the socket, by `receive` or `for await`: then, when the promise that it returns settles, the connection is closed,
 * with 1000, or with 1011 when it was rejected. Who may connect is the option `admit`.
 */
export type ServiceFunction<Data, Path extends string> = (
  socket: ServiceSocket<Data, Path>,
  info: ServiceRequest<Path>,
) => void | Promise<void> | Omit<ServiceHandlers<Data, Path>, "admit">;

/** The same in stream mode. */
export type ServiceStreamFunction<Data, Path extends string> = (
  socket: ServiceSocket<Data, Path>,
  info: ServiceRequest<Path>,
) => void | Promise<void> | Omit<ServiceStreamHandlers<Data, Path>, "admit">;

/** What one service does otherwise than the server's options say. */
export interface ServiceOptions<Data = unknown, Path extends string = string> extends SocketOptions {
  /** The sub-protocols spoken. The first one of the client's that is listed is chosen; with none in common, none. @default the server's */
  readonly protocols?: readonly string[];
  /** Runs before the 101, for a service that is a function: one of handlers has its own. May refuse; throwing answers 500. */
  readonly admit?: (request: ServiceRequest<Path>) => AdmitResult<Data> | Promise<AdmitResult<Data>>;
  /** Answers plain HTTP at the path, so that it can be a page and a WebSocket in one. @default 426: the path speaks WebSocket */
  readonly onRequest?: RequestHandler;
  /** false: no heartbeat. Fields that are left out are the server's. */
  readonly heartbeat?: HeartbeatOptions | false;
}

export interface BroadcastOptions<Data = unknown> {
  /** Sockets left out. */
  readonly except?: Socket<Data> | Iterable<Socket<Data>>;
  /** Only sockets for which it returns true. It is asked for all of them before anything is sent. */
  readonly filter?: (socket: Socket<Data>) => boolean;
  /** Whether the message may be compressed, where permessage-deflate was negotiated. Set false for secrets. @default true */
  readonly compress?: boolean;
}

/** A service at its path. */
export interface ServiceHandle<Data = unknown> {
  /** The pattern as it was given. */
  readonly path: string;
  /** The connections of the service that are not over. */
  readonly sockets: ReadonlySet<Socket<Data>>;
  /**
   * Sends a message to every socket that is open at the call, in order with what each is sent directly. Waits for nobody: a
   * socket whose queue is full is left out, and its `error` handler called with QUEUE_FULL.
   * @returns how many sockets took the message
   * @throws UsageError INVALID_ARGUMENT; what `filter` throws, before anything was sent
   */
  broadcast(data: string | ArrayBufferView | ArrayBuffer, options?: BroadcastOptions<Data>): number;
  /** Takes no more connections at the path, which then answers 404; those that are open go on. Idempotent. */
  remove(): void;
}
