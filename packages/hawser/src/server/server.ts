/// <reference lib="esnext.disposable" preserve="true" />
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server as NetServer } from "node:net";
import { UsageError } from "../internal/errors.js";
import type { Service, Socket } from "../socket/index.js";
import { Attachments } from "./listener/attachments.js";
import type { Attachment } from "./listener/attachments.js";
import { broadcast } from "./broadcast.js";
import { resolveCloseOptions } from "./close-options.js";
import type { ResolvedCloseOptions, ServerCloseOptions } from "./close-options.js";
import { drain, settleWithin, wait } from "./drain.js";
import { HttpListener } from "./listener/http-listener.js";
import { formatUrl } from "./listener/server-address.js";
import type { ServerAddress } from "./listener/server-address.js";
import { answerRequest, answerService } from "./handshake/plain-requests.js";
import type { PlainHome } from "./handshake/plain-requests.js";
import { ServerCore } from "./server-core.js";
import { checkHosts, checkOrigins, resolveServerOptions } from "./server-options.js";
import type { ResolvedServerOptions, ServerOptions } from "./server-options.js";
import type { ServerStats } from "./server-stats.js";
import { ServiceEntry } from "./service-entry.js";
import type {
  BroadcastOptions,
  ServiceFunction,
  ServiceHandle,
  ServiceHandlers,
  ServiceOptions,
  ServiceStreamFunction,
  ServiceStreamHandlers,
} from "./service-types.js";
import { checkNewTls } from "./tls-options.js";
import type { ServerTlsOptions } from "./tls-options.js";
import { handleUpgrade } from "./handshake/upgrade.js";

/**
 * draining: `close` was called with a delay, and everything still goes on; closing: nothing more is accepted, connections
 * are told; closed: nothing is left.
 */
export type ServerState = "new" | "listening" | "draining" | "closing" | "closed";

const closedMessage = "the server was closed: create another";

/**
 * Makes a server. It does nothing before `listen`.
 * @throws UsageError INVALID_ARGUMENT for an option that is unknown or has a bad value
 */
export function createServer(options: ServerOptions = {}): Server {
  return new Server(resolveServerOptions(options));
}

/** A WebSocket server with services by path. */
export class Server implements AsyncDisposable {
  readonly #core: ServerCore;
  readonly #listener: HttpListener;
  readonly #attachments: Attachments;
  /** For `handleRequest`. */
  readonly #attachedPlain: PlainHome;
  #state: ServerState = "new";
  #listening: Promise<ServerAddress> | null = null;
  #address: ServerAddress | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: ResolvedServerOptions) {
    const core = new ServerCore(options, () => isOver(this.#state));
    this.#core = core;
    const own = core.createHome(() => (this.#address === null ? [] : [this.#address]));
    this.#attachments = new Attachments((listAddresses) => core.createHome(listAddresses));
    this.#attachedPlain = core.createHome(() => this.#attachments.addresses);
    this.#listener = new HttpListener(
      options,
      {
        onRequest: (request, response) => answerRequest(request, response, own),
        onUpgrade: (request, stream, head) => handleUpgrade(request, stream, head, own),
        onUnreadable: (code, status, remoteAddress) => core.refusals.noteUnreadable(code, status, remoteAddress),
        onTlsFailure: (failure) => core.refusals.noteTls(failure),
      },
      core.limits,
    );
  }

  /**
   * Puts a service at a path: static segments and parameters, `/chat/:room`. May be called at any time. The type of
   * `socket.data` is that of the `data` which `admit` answers; for a service that is a function it is found where `admit`
   * stands by itself, or where both are named: `service<User, "/chat/:room">(…)`.
   * @throws UsageError INVALID_ARGUMENT for a bad or taken path, an unknown option, a bad value
   */
  service<Data = unknown, const Path extends string = string>(
    path: Path,
    handlers: ServiceStreamHandlers<Data, Path> | ServiceStreamFunction<Data, Path>,
    options: ServiceOptions<Data, Path> & { readonly mode: "stream" },
  ): ServiceHandle<Data>;
  service<Data = unknown, const Path extends string = string>(
    path: Path,
    handlers: ServiceHandlers<Data, Path> | ServiceFunction<Data, Path>,
    options?: ServiceOptions<Data, Path>,
  ): ServiceHandle<Data>;
  service(path: string, service: unknown, options: ServiceOptions = {}): ServiceHandle {
    // which messages its handlers get is told by `mode`; the overloads hold the two together
    const entry: ServiceEntry = new ServiceEntry(path, service as Service, options, {
      ...this.#core.options,
      closeLog: this.#core.closeLog,
      onClosed: (socket) => this.#core.delete(socket, entry),
    });
    entry.onRemove = this.#core.router.add(path, entry);
    return entry;
  }

  /** How far the server's life has come. What answers for its readiness tells 503 from draining on. */
  get state(): ServerState {
    return this.#state;
  }

  /** The connections of all services that are not over. */
  get sockets(): ReadonlySet<Socket> {
    return this.#core.sockets;
  }

  /** Sends a message to the open sockets of all services, as `ServiceHandle.broadcast` does for one. */
  broadcast(data: string | ArrayBufferView | ArrayBuffer, options: BroadcastOptions = {}): number {
    return broadcast([...this.#core.busy], data, { ...options, runtime: this.#core.options.runtime });
  }

  /**
   * Begins to accept connections, where `createServer` was told to.
   * @throws (rejects) ConnectionError LISTEN_FAILED; UsageError INVALID_STATE when it listens already, or was closed;
   * INVALID_ARGUMENT for a port here
   */
  listen(): Promise<ServerAddress>;
  // JavaScript that says `listen(8080)`, as everywhere else, would get another port without a word
  async listen(...given: readonly unknown[]): Promise<ServerAddress> {
    if (given.length > 0) {
      throw new UsageError("INVALID_ARGUMENT", "listen takes nothing: give port, host or path to createServer");
    }
    if (this.#state !== "new") {
      throw new UsageError("INVALID_STATE", this.#closed === null ? "the server listens already" : closedMessage);
    }
    this.#state = "listening";
    this.#listening = this.#listener.listen();
    try {
      this.#address = await this.#listening;
      return this.#address;
    } catch (error) {
      // the address may be free later, and listening be tried again; unless the server was closed meanwhile
      if (this.#state === "listening") this.#state = "new";
      throw error;
    }
  }

  /**
   * Takes the place of the option `origins`, for handshakes from now on.
   * @throws UsageError INVALID_ARGUMENT, and nothing changes
   */
  setOrigins(origins: readonly string[] | "*"): void {
    this.#core.origins = checkOrigins(origins);
  }

  /**
   * Takes the place of the option `hosts`, for requests from now on; null is its default.
   * @throws UsageError INVALID_ARGUMENT, and nothing changes
   */
  setHosts(hosts: readonly string[] | null): void {
    this.#core.hosts = hosts === null ? null : checkHosts(hosts);
  }

  /** How the server is, for those who watch it. */
  stats(): ServerStats {
    return this.#core.stats();
  }

  /**
   * Serves with another certificate from now on. Connections that are there keep theirs and notice nothing; the next one gets
   * the new one, also a client that comes back: sessions made before are not resumed. Bad files change nothing.
   * `clientCertificates` stays as it was.
   * @throws UsageError INVALID_STATE when the server has no TLS, INVALID_ARGUMENT; ConnectionError TLS_INVALID, with the file
   */
  setTls(files: ServerTlsOptions): void {
    const current = this.#core.options.tls;
    if (current === null) {
      const message =
        "the server was made without TLS: give createServer the option tls; one attached to has a setSecureContext of its own";
      throw new UsageError("INVALID_STATE", message, { facts: { call: "setTls" } });
    }
    this.#listener.setTls(checkNewTls(files, current));
  }

  /**
   * Serves the services on an HTTP server of node:http or node:https too, beside whatever else it does. Paths that are no
   * service's are left to others who listen for its upgrades; without such they are answered 404. The HTTP server, with its
   * plain requests, stays its owner's: `close` only detaches from it. Attached again it answers the same attachment.
   * @throws UsageError INVALID_ARGUMENT when it is no HTTP server; INVALID_STATE when this server was closed
   */
  attach(httpServer: NetServer): Attachment {
    if (isOver(this.#state)) throw new UsageError("INVALID_STATE", closedMessage);
    return this.#attachments.add(httpServer);
  }

  /**
   * Answers a plain request at the path of a service: by its `onRequest`, or by 426. For the HTTP server that this one is
   * attached to, before it answers by itself.
   * @returns false, and nothing was done, when no service has the path
   */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    return answerService(request, response, this.#attachedPlain);
  }

  /** Where the server listens. @throws UsageError INVALID_STATE before `listen` has settled */
  address(): ServerAddress {
    if (this.#address !== null) return this.#address;
    const advice = this.#attachments.isEmpty ? "await listen() first" : "ask the HTTP server that it is attached to";
    throw new UsageError("INVALID_STATE", `the server does not listen itself yet: ${advice}`);
  }

  /** The URL for clients on this machine, without a path. @throws UsageError INVALID_STATE before `listen` has settled */
  get url(): string {
    return formatUrl(this.address(), this.#core.options.tls !== null);
  }

  /**
   * Closes the server: accepts nothing more, tells every connection, waits for the closing handshakes, aborts what is left
   * at the timeout, settles. Never rejects. Called again it answers the same promise.
   * @throws UsageError INVALID_ARGUMENT at once
   */
  close(options: ServerCloseOptions = {}): Promise<void> {
    const resolved = resolveCloseOptions(options, this.#core.options.runtime);
    this.#closed ??= this.#close(resolved);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(options: ResolvedCloseOptions): Promise<void> {
    if (options.delayMs > 0) {
      this.#state = "draining";
      await wait(options.delayMs, options.runtime);
    }
    this.#state = "closing";
    // a server that is about to listen could not be stopped before it does
    if (this.#listening !== null) await this.#listening.catch(() => {});
    const stopped = this.#listener.stop();
    for (const admission of this.#core.pending) admission.cancel();
    const drained = drain([...this.#core.sockets], options);
    const graceful = Promise.all([drained, this.#listener.whenAnswered()]).then(async () => {
      this.#listener.closeConnections();
      await stopped;
    });
    await settleWithin(graceful, options.timeoutMs, options.runtime);
    this.#listener.closeConnections();
    // at the timeout the sockets are aborted, so this cannot take long
    await drained;
    // not before: until now who comes is told 503, by which a client knows to try again
    this.#attachments.detachAll();
    this.#core.refusals.flush();
    this.#core.closeLog.flush();
    this.#state = "closed";
  }
}

function isOver(state: ServerState): boolean {
  return state === "closing" || state === "closed";
}
