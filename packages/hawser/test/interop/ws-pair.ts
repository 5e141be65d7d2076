import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, Server as HttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { ClientOptions, PerMessageDeflateOptions, ServerOptions as WsServerOptions } from "ws";
import { createDeferred } from "../../src/internal/deferred.js";
import { connect } from "../../src/node/index.js";
import type { ConnectOptions } from "../../src/node/index.js";
import type { ServerOptions, ServiceOptions } from "../../src/server/index.js";
import type { Socket, SocketOptions } from "../../src/socket/index.js";
import { startServer } from "../support/server-fixture.js";
import { testCertificate } from "../support/test-certificate.js";
import { Inbox } from "./inbox.js";

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** The `ws` end of a connection, which keeps what came from the moment on that it exists. */
export class WsPeer {
  readonly socket: WebSocket;
  readonly messages: Inbox<string | Buffer> = new Inbox();
  readonly pings: Inbox<string> = new Inbox();
  readonly pongs: Inbox<string> = new Inbox();
  readonly closed: Promise<Close>;
  /** The faults that `ws` found in what we sent. */
  readonly errors: Error[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    cleanups.push(() => socket.terminate());
    socket.on("message", (data: Buffer, isBinary: boolean) => this.messages.push(isBinary ? data : data.toString()));
    socket.on("ping", (data: Buffer) => this.pings.push(data.toString()));
    socket.on("pong", (data: Buffer) => this.pongs.push(data.toString()));
    socket.on("error", (error) => this.errors.push(error));
    this.closed = new Promise((resolve) => {
      socket.on("close", (code: number, reason: Buffer) => resolve({ code, reason: reason.toString() }));
    });
  }
}

/** Two ends of one connection. Ours is read by `receive`. */
export interface WsPair {
  readonly ours: Socket;
  readonly peer: WsPeer;
}

export interface PairOptions {
  readonly ours?: SocketOptions;
  /** What our end says of permessage-deflate. */
  readonly deflate?: ServerOptions["perMessageDeflate"];
  readonly peerDeflate?: boolean | PerMessageDeflateOptions;
  readonly peer?: Pick<ClientOptions & WsServerOptions, "autoPong" | "maxPayload">;
  readonly tls?: boolean;
}

/** Our server, and a client of `ws`. */
async function pairOurServer(options: PairOptions = {}): Promise<WsPair> {
  const accepted = createDeferred<Socket>();
  const server = await startServer(
    {
      ...(options.tls === true && { tls: testCertificate }),
      ...(options.deflate !== undefined && { perMessageDeflate: options.deflate }),
    },
    (it) => {
      const run = async (socket: Socket): Promise<void> => {
        accepted.resolve(socket);
        await socket.closed;
      };
      it.service("/", run, { ...options.ours } as ServiceOptions);
    },
  );
  const client = new WebSocket(server.url.replace("127.0.0.1", "localhost"), {
    perMessageDeflate: options.peerDeflate ?? false,
    ...(options.tls === true && { ca: testCertificate.cert }),
    ...options.peer,
  });
  const peer = new WsPeer(client);
  const [ours] = await Promise.all([accepted.promise, once(client, "open")]);
  return { ours, peer };
}

/** A server of `ws`, and our `connect`. */
async function pairOurClient(options: PairOptions = {}): Promise<WsPair> {
  const { url, server } = await startWsServer(options.tls === true, {
    perMessageDeflate: options.peerDeflate ?? false,
    ...options.peer,
  });
  const accepted = createDeferred<WsPeer>();
  server.on("connection", (socket) => accepted.resolve(new WsPeer(socket)));
  const ours = await connectOurs(url, {
    ...options.ours,
    ...(options.tls === true && { ca: testCertificate.cert }),
    ...(options.deflate !== undefined && { perMessageDeflate: options.deflate }),
  } as ConnectOptions);
  return { ours, peer: await accepted.promise };
}

/** Both ways of putting us and `ws` together, for `describe.each`. */
export const bothWays: readonly (readonly [string, (options?: PairOptions) => Promise<WsPair>])[] = [
  ["our server, a ws client", pairOurServer],
  ["a ws server, our client", pairOurClient],
];

/** Our client, ended after the test. */
export async function connectOurs(url: string, options: ConnectOptions = {}): Promise<Socket> {
  const socket = await connect(url, options);
  cleanups.push(() => socket.abort());
  return socket;
}

/** A server of `ws` on a free port, closed after the test. */
export async function startWsServer(
  secure: boolean,
  options: WsServerOptions,
): Promise<{ url: string; server: WebSocketServer; requests: IncomingMessage[] }> {
  const http: HttpServer = secure ? createHttpsServer(testCertificate) : createHttpServer();
  const server = new WebSocketServer({ ...options, server: http });
  const requests: IncomingMessage[] = [];
  http.on("upgrade", (request: IncomingMessage) => requests.push(request));
  http.listen(0, "127.0.0.1");
  cleanups.push(() => {
    for (const client of server.clients) client.terminate();
    server.close();
    http.close();
  });
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  return { url: `${secure ? "wss" : "ws"}://localhost:${port}/`, server, requests };
}
