import type { ErrorCode } from "../internal/error-codes.js";
import { HawserError } from "../internal/errors.js";
import { canSend, CLOSE_INTERNAL_ERROR, CLOSE_NORMAL } from "../protocol/index.js";
import { checkHeartbeatNames, resolveSocketOptions, SocketKind, socketOptionNames } from "../socket/index.js";
import type {
  CloseReport,
  HandshakeInfo,
  Handlers,
  ResolvedSocketOptions,
  Runtime,
  Service,
  SocketHandler,
  SocketOptions,
  TransportSocket,
} from "../socket/index.js";
import { broadcast } from "./broadcast.js";
import type { CloseLog } from "./logs/close-log.js";
import type { Logger } from "./logs/logger.js";
import { checkOptionNames } from "../internal/option-names.js";
import { checkProtocols, refuseOption } from "./option-values.js";
import type { RequestHandler, SocketDefaults } from "./server-options.js";
import type { BroadcastOptions, ServiceHandle, ServiceOptions } from "./service-types.js";

/** What a service has from its server. */
export interface ServiceHome {
  readonly protocols: readonly string[];
  readonly socketDefaults: SocketDefaults;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly closeLog: CloseLog;
  readonly onClosed: (socket: TransportSocket) => void;
}

/** One service at its path, with its connections. */
export class ServiceEntry implements ServiceHandle {
  readonly path: string;
  readonly sockets: Set<TransportSocket> = new Set();
  readonly options: ResolvedSocketOptions;
  readonly protocols: readonly string[];
  /** The service, when it is made of handlers. */
  readonly handlers: Handlers | null;
  /** Answers plain HTTP at the path; null answers 426. */
  readonly onRequest: RequestHandler | null;
  /** Asked before the 101, if anybody is. */
  readonly admit: Handlers["admit"] | undefined;
  /** The service, when it is a function: its sockets have no handlers unless it returns some. */
  readonly run: SocketHandler | null;
  /** What the sockets have in common. */
  readonly kind: SocketKind;
  /** Takes the path out of the router; set as soon as it is in. */
  onRemove: () => void = () => {};
  readonly #home: ServiceHome;

  constructor(path: string, service: Service, options: ServiceOptions, home: ServiceHome) {
    checkOptionNames("service", options, [...socketOptionNames, "protocols", "admit", "onRequest"]);
    checkHeartbeatNames(options.heartbeat);
    checkService(service);
    const { defaults = {} } = typeof service === "function" ? {} : service;
    checkOptionNames("the service's defaults", defaults, [...socketOptionNames, "protocols"]);
    checkHeartbeatNames(defaults.heartbeat);
    this.path = path;
    this.#home = home;
    this.run = typeof service === "function" ? service : null;
    this.handlers = typeof service === "function" ? null : service;
    this.onRequest = options.onRequest ?? null;
    this.admit = options.admit ?? this.handlers?.admit?.bind(this.handlers);
    const onClosed = (socket: TransportSocket, report: CloseReport): void => this.#closed(socket, report);
    const protocols = options.protocols ?? defaults.protocols;
    this.protocols = protocols === undefined ? home.protocols : checkProtocols(protocols);
    const preset = mergeOptions(home.socketDefaults, defaults);
    this.options = resolveSocketOptions(mergeOptions(preset, options), "server");
    const common = { role: "server", runtime: home.runtime, options: this.options, onClosed } as const;
    this.kind = new SocketKind(this.handlers === null ? common : { ...common, handlers: this.handlers });
  }

  broadcast(data: string | ArrayBufferView | ArrayBuffer, options: BroadcastOptions = {}): number {
    return broadcast([this], data, { ...options, runtime: this.#home.runtime });
  }

  remove(): void {
    this.onRemove();
  }

  /** Calls the socket's `error` handler, whatever that does. */
  tellError(socket: TransportSocket, error: HawserError): void {
    socket.onError(error);
  }

  /** Starts a service that is a function, on a socket just opened; answers the handlers that it wants for it, if any. */
  start(socket: TransportSocket, info: HandshakeInfo): Handlers | undefined {
    if (this.run === null) return undefined;
    try {
      const made = this.run(socket, info);
      if (made instanceof Promise) this.#follow(socket, made);
      else if (typeof made === "object") {
        checkService(made as Handlers); // streams or messages: the mode tells, not the type
        return made as Handlers;
      }
    } catch (error) {
      this.#fail(socket, error);
    }
    return undefined;
  }

  #closed(socket: TransportSocket, report: CloseReport): void {
    this.#home.onClosed(socket);
    this.#home.closeLog.note(socket, report);
  }

  #follow(socket: TransportSocket, running: Promise<void>): void {
    running.then(
      (made: unknown) => {
        if (made === undefined) void socket.close(CLOSE_NORMAL);
        else this.#fail(socket, new TypeError("a service function gave handlers by a promise: return them at once"));
      },
      (error: unknown) => this.#fail(socket, error),
    );
  }

  #fail(socket: TransportSocket, error: unknown): void {
    const { log, closeLog } = this.#home;
    // what rejects because the connection is over is no fault of a function that lets it through
    const isLost = error instanceof HawserError && endCodes.has(error.code) && !canSend(socket.state);
    if (isLost) log.debug({ socket: socket.id, err: error }, "the service ended with its connection");
    else closeLog.noteFailure(socket, error, "the service failed: its connection is closed with 1011");
    void socket.close(CLOSE_INTERNAL_ERROR);
  }
}

/** What calls on a socket that is over fail with. */
const endCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "CONNECTION_CLOSED",
  "CONNECTION_LOST",
  "INVALID_STATE",
  "ABORTED",
]);

const handlerNames = [
  "admit",
  "open",
  "message",
  "closing",
  "close",
  "error",
] as const satisfies readonly (keyof Handlers)[];

/** Callers without types may pass anything, and would only find out when the first client comes. */
function checkService(service: Service): void {
  if (typeof service === "function") return;
  if (typeof service !== "object" || service === null) {
    refuseOption("service", service, "an object of handlers, or a function");
  }
  refuseNearMisses(service);
  for (const name of handlerNames) {
    const handler: unknown = service[name];
    if (handler !== undefined && typeof handler !== "function") refuseOption(name, handler, "a function");
  }
}

/** Handlers may bring helpers of their own along, but `onMessage` is a slip that would never be called. */
function refuseNearMisses(handlers: object): void {
  for (const name of Object.keys(handlers)) {
    const meant = handlerNames.find((known) => name.toLowerCase() === `on${known}`);
    if (meant !== undefined) refuseOption(name, "a handler", `it by the name ${meant}`);
  }
}

/** An option that is there but undefined means the same as one that is not there. */
function mergeOptions(defaults: SocketOptions, options: ServiceOptions): SocketOptions {
  const { protocols: _protocols, admit: _admit, onRequest: _onRequest, heartbeat, ...own } = options;
  const merged: Record<string, unknown> = { ...defaults };
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined) merged[name] = value;
  }
  if (heartbeat === false) merged["heartbeat"] = false;
  else if (heartbeat !== undefined) merged["heartbeat"] = { ...defaults.heartbeat, ...heartbeat };
  return merged;
}
