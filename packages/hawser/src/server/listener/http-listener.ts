import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, Server as HttpServer, ServerOptions as HttpOptions, ServerResponse } from "node:http";
import { createServer as createHttpsServer, Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { HandshakeLimits, RefusalResponse } from "../../protocol/index.js";
import type { ConnectionLimits } from "../limits/connection-limits.js";
import type { DescriptorGuard } from "../limits/descriptor-guard.js";
import { guardListener } from "./guard-listener.js";
import { answerAndClose, lookAfter } from "../handshake/last-answer.js";
import { readPeerAddress } from "../handshake/client-address.js";
import { createListenError } from "./listen-error.js";
import { createPlainResponse, isPlain } from "../handshake/plain-upgrade.js";
import { readAddress } from "./server-address.js";
import type { ServerAddress } from "./server-address.js";
import type { ResolvedServerOptions } from "../server-options.js";
import { watchTlsHandshakes } from "./tls-handshakes.js";
import type { TlsFailure, TlsHandshakes } from "./tls-handshakes.js";
import type { NodeServerTls } from "../tls-options.js";
import { UnansweredRequests } from "../handshake/unanswered-requests.js";

/** Who takes what the listener has read. */
export interface ListenerHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  onUpgrade(request: IncomingMessage, stream: Duplex, head: Uint8Array): void;
  /** A request was answered, or cut off, because it cannot be read. */
  onUnreadable(code: string, status: number | undefined, remoteAddress: string | undefined): void;
  /** TLS was not made. */
  onTlsFailure(failure: TlsFailure): void;
}

/**
 * Connections that may wait to be accepted; the system lowers it to its own maximum. When clients come back all at once,
 * one that finds no place tries again after a whole second.
 */
const BACKLOG = 4096;

/** How many requests a client may send without waiting: each costs a hundred times its bytes until it is answered. */
const MAX_UNANSWERED = 100;

/** How long a plain request may take with its body, where somebody reads it; as Node's own default. */
const REQUEST_TIMEOUT_MS = 300_000;

/**
 * Node's HTTP server, set so that it ends slow requests in time, refuses large ones, and leaves the rest to our checks: its
 * parser lets pass a lot that no handshake may contain.
 */
export class HttpListener {
  readonly #options: ResolvedServerOptions;
  readonly #handlers: ListenerHandlers;
  readonly #server: HttpServer;
  readonly #limits: ConnectionLimits;
  readonly #descriptors: DescriptorGuard;
  readonly #tls: TlsHandshakes | null;
  readonly #unanswered: UnansweredRequests = new UnansweredRequests();

  constructor(options: ResolvedServerOptions, handlers: ListenerHandlers, limits: ConnectionLimits) {
    this.#options = options;
    this.#handlers = handlers;
    this.#limits = limits;
    this.#server = createNodeServer(options);
    this.#descriptors = guardListener(this.#server, limits, options);
    const onTlsFailure = (failure: TlsFailure): void => handlers.onTlsFailure(failure);
    this.#tls = this.#server instanceof HttpsServer ? watchTlsHandshakes(this.#server, onTlsFailure) : null;
    this.#server.on("request", (request, response) => this.#onRequest(request, response));
    this.#server.on("upgrade", (request, stream, head) => this.#onUpgrade(request, stream, head));
    // without a listener Node ends the connection in silence; our check answers 405
    this.#server.on("connect", (request, stream, head) => this.#onUpgrade(request, stream, head));
    this.#server.on("clientError", (error: ClientError, stream) => this.#onClientError(error, stream));
  }

  /** Settles when the server listens. Rejects ConnectionError LISTEN_FAILED. */
  listen(): Promise<ServerAddress> {
    const { host, port, path } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => void createListenError(error, this.#options).then(reject);
      this.#server.once("error", fail);
      const place = path === null ? { host, port } : { path };
      this.#server.listen({ ...place, backlog: BACKLOG }, () => {
        this.#server.off("error", fail);
        // from now on an error is one of accepting a connection, and the next one may be accepted
        this.#server.on("error", (error) => this.#onAcceptError(error));
        resolve(readAddress(this.#server.address()));
      });
    });
  }

  /** Identifies the server in another way to connections that come from now on. Only for one that has TLS. */
  setTls(tls: NodeServerTls): void {
    if (this.#server instanceof HttpsServer) this.#server.setSecureContext(tls);
  }

  /** Accepts nothing more; settles when the last connection is over. */
  stop(): Promise<void> {
    const stopped = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#descriptors.stop();
    this.#server.closeIdleConnections();
    return stopped;
  }

  /** Settles when no plain request waits for its answer. */
  whenAnswered(): Promise<void> {
    return this.#unanswered.whenNone();
  }

  /** Ends every connection that is no WebSocket: those that ask for something, and those that never did. */
  closeConnections(): void {
    this.#server.closeAllConnections();
    // these two kinds Node does not count among its connections
    this.#tls?.destroyUnfinished();
    this.#unanswered.destroyStreams();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    // it came in one piece with the one that was too many
    if (socket.destroyed) return;
    if (this.#unanswered.add(socket, response) > MAX_UNANSWERED) {
      this.#handlers.onUnreadable("too-many-requests", undefined, readPeerAddress(socket));
      socket.destroy();
      return;
    }
    // a peer that takes nothing of its answer must not keep its place; an answer that is not there yet may take its time
    socket.setTimeout(toTimer(this.#options.writeTimeoutMs));
    response.on("timeout", () => {
      if (socket.writableLength > 0) socket.destroy();
    });
    if (!this.#limits.beginRequest(socket)) response.shouldKeepAlive = false;
    response.once("close", () => {
      if (!this.#unanswered.has(socket)) this.#limits.endRequest(socket);
    });
    this.#handlers.onRequest(request, response);
  }

  #onAcceptError(error: Error): void {
    if (this.#descriptors.onAcceptError(error)) return;
    this.#options.log.error({ err: error }, "a connection could not be accepted");
  }

  #onUpgrade(request: IncomingMessage, stream: NetworkStream, head: Uint8Array): void {
    lookAfter(stream);
    if (!this.#unanswered.has(request.socket)) {
      if (isPlain(request)) this.#onRequest(request, createPlainResponse(request, stream, this.#options.runtime));
      else this.#handlers.onUpgrade(request, stream, head);
      return;
    }
    // a 101 now would pass for the answer to the request before
    this.#handlers.onUnreadable("upgrade-before-answer", undefined, readPeerAddress(stream));
    stream.destroy();
  }

  /** A request that the parser could not read, or that took too long; or TLS that was not made, which is told already. */
  #onClientError(error: ClientError, stream: NetworkStream): void {
    // one that left: nobody has refused it
    if (this.#tls?.hasFailed(stream) === true || error.code === "ECONNRESET") {
      stream.destroy();
      return;
    }
    // a second fault in what is dropped behind our answer
    if (stream.writableEnded) return;
    const answer = this.#unanswered.has(stream) ? undefined : chooseAnswer(error, this.#options.handshakeLimits);
    const rule = isTls(error.rawPacket) ? "tls-on-plain-port" : (error.code ?? "unreadable");
    this.#handlers.onUnreadable(rule, answer?.status, readPeerAddress(stream));
    if (answer !== undefined) answerAndClose(stream, answer, this.#options.runtime);
    else stream.destroy();
  }
}

function createNodeServer(options: ResolvedServerOptions): HttpServer {
  const settings = createSettings(options);
  const handshakeTimeout = toTimer(options.handshakeTimeoutMs);
  const { tls } = options;
  const server =
    tls === null ? createHttpServer(settings) : createHttpsServer({ ...settings, ...tls, handshakeTimeout });
  // The parser hands headers over in batches of 32 and drops those past the count without a word; with room for one batch
  // more, a request that has too many is seen to have them.
  const { maxHeaders } = options.handshakeLimits;
  server.maxHeadersCount = maxHeaders === Infinity ? 0 : maxHeaders + 32;
  return server;
}

interface NetworkStream extends Duplex {
  readonly remoteAddress?: string;
}

interface ClientError extends NodeJS.ErrnoException {
  readonly rawPacket?: Uint8Array;
}

function chooseAnswer(error: ClientError, limits: HandshakeLimits): RefusalResponse | undefined {
  const { code = "", rawPacket } = error;
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return { status: 408 };
  if (code === "HPE_HEADER_OVERFLOW") return { status: isLongStartLine(rawPacket, limits) ? 414 : 431 };
  return code.startsWith("HPE_") ? { status: 400 } : undefined;
}

/** Whether it begins as a ClientHello does (RFC 8446 §5.1): the client means wss or https. */
function isTls(packet: Uint8Array | undefined): boolean {
  return packet?.[0] === 0x16 && packet[1] === 0x03;
}

/** Whether it was the first line that overflowed. The parser does not tell, so only where the packet begins with it. */
function isLongStartLine(packet: Uint8Array | undefined, limits: HandshakeLimits): boolean {
  const line = packet?.subarray(0, limits.maxTargetBytes) ?? new Uint8Array();
  return line.indexOf(0x0a) < 0 && /^[A-Z]+ /.test(Buffer.from(line.subarray(0, 16)).toString("latin1"));
}

function createSettings(options: ResolvedServerOptions): HttpOptions {
  const { handshakeTimeoutMs, handshakeLimits } = options;
  const headersTimeout = toTimer(handshakeTimeoutMs);
  return {
    insecureHTTPParser: false,
    // Node counts otherwise than we do; our own check is exact, and this one bounds the memory
    maxHeaderSize: Math.min(2 * (handshakeLimits.maxHeaderBytes + handshakeLimits.maxTargetBytes), 2 ** 31 - 1),
    headersTimeout,
    requestTimeout: headersTimeout === 0 ? 0 : Math.max(headersTimeout, REQUEST_TIMEOUT_MS),
    connectionsCheckingInterval: Math.min(500, Math.max(20, Math.ceil(handshakeTimeoutMs / 10))),
    noDelay: true,
  };
}

/** Node's word for "never" is 0. */
function toTimer(timeoutMs: number): number {
  return timeoutMs === Infinity ? 0 : timeoutMs;
}
