import { createHash } from "node:crypto";
import { createServer } from "hawser/server";
import type { CloseReport, Handlers, Message, Server, ServerOptions, Socket, SocketState } from "hawser/server";
import { connect } from "hawser/socket";
import type { ConnectOptions, SocketOptions } from "hawser/socket";
import { afterEach } from "vitest";
import { Inbox } from "../../../packages/hawser/test/interop/inbox.js";
import { DotnetSocket } from "./peer.js";
import type { CommandFields, DotnetDeflate, DotnetPeer } from "./peer.js";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
});

/**
 * Our end of a connection. Like .NET's it keeps the states it was seen in: a socket has no event for each of them, so it
 * looks in every handler, and whenever a test says so.
 */
export class OurEnd {
  readonly states: SocketState[] = [];
  readonly messages: Inbox<Message> = new Inbox();
  /** Answers a message; awaited before the next one is read. */
  onMessage: (data: Message) => unknown = (data) => this.messages.push(data);
  readonly #opened: Promise<Socket>;
  #open: (socket: Socket) => void = () => {};
  #socket: Socket | undefined;

  constructor() {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  get socket(): Socket {
    if (this.#socket === undefined) throw new Error("the socket is not open yet");
    return this.#socket;
  }

  get report(): Promise<CloseReport> {
    return this.socket.closed;
  }

  async opened(): Promise<this> {
    await this.#opened;
    return this;
  }

  note(): void {
    const { state } = this.socket;
    if (this.states.at(-1) !== state) this.states.push(state);
  }

  /** What the socket calls. */
  readonly handlers: Omit<Handlers, "admit"> = {
    open: (socket) => {
      this.#socket = socket;
      this.note();
      this.#open(socket);
    },
    message: (_socket, data) => this.onMessage(data),
    closing: () => this.note(),
    close: () => this.note(),
  };

  /** Sends every message back, and tells a hash of all of them. */
  echo(): SeriesHash {
    const hash = new SeriesHash();
    this.onMessage = (data) => {
      hash.append(data);
      return this.socket.post(data) ? undefined : this.socket.drained();
    };
    return hash;
  }
}

/** SHA-256 over a series of messages: of each its bytes, then its type and length. `Messages.cs` does the same. */
export class SeriesHash {
  readonly #hash = createHash("sha256");
  count = 0;

  append(data: Message): void {
    const length = typeof data === "string" ? Buffer.byteLength(data) : data.length;
    this.#hash.update(data).update(`${typeof data === "string" ? "Text" : "Binary"} ${length};`);
    this.count++;
  }

  toHex(): string {
    return this.#hash.copy().digest("hex");
  }
}

export interface Pair {
  readonly ours: OurEnd;
  readonly theirs: DotnetSocket;
}

export interface PairOptions {
  readonly ours?: SocketOptions;
  /** What our end says of permessage-deflate. */
  readonly deflate?: ServerOptions["perMessageDeflate"];
  /** What .NET's end says of it. */
  readonly theirDeflate?: DotnetDeflate;
  readonly protocols?: { readonly ours: readonly string[]; readonly theirs: readonly string[] };
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly theirs?: CommandFields;
}

export type OpenPair = (peer: DotnetPeer, options?: PairOptions) => Promise<Pair>;

/** A server of ours on a free port, closed after the test. */
export async function startServer(options: ServerOptions, prepare: (server: Server) => unknown): Promise<Server> {
  const server = createServer(options);
  prepare(server);
  await server.listen();
  cleanups.push(() => server.close({ timeoutMs: 1000, spreadMs: 0 }));
  return server;
}

/** A connection of ours, ended after the test. */
export async function connectOurs(url: string, options: ConnectOptions = {}): Promise<OurEnd> {
  const ours = new OurEnd();
  const socket = await connect(url, { ...options, mode: "message", handlers: ours.handlers } as ConnectOptions); // no stream mode
  cleanups.push(() => socket.abort());
  return ours.opened();
}

/** Our server, and .NET's ClientWebSocket. */
async function pairOurServer(peer: DotnetPeer, options: PairOptions = {}): Promise<Pair> {
  const ours = new OurEnd();
  const server = await startServer(
    {
      ...(options.tls !== undefined && { tls: options.tls }),
      ...(options.deflate !== undefined && { perMessageDeflate: options.deflate }),
      ...(options.protocols !== undefined && { protocols: options.protocols.ours }),
    },
    (it) => {
      it.service("/socket", ours.handlers, { ...options.ours, mode: "message" });
    },
  );
  const opened = await peer.run("connect", {
    url: `${server.url}/socket`,
    ...(options.theirDeflate !== undefined && { deflate: options.theirDeflate }),
    ...(options.protocols !== undefined && { protocols: options.protocols.theirs }),
    ...options.theirs,
  });
  return { ours: await ours.opened(), theirs: new DotnetSocket(peer, opened) };
}

/** A server of .NET's, and our `connect`. */
function pairOurClient(start: "startKestrel" | "startHttpListener"): OpenPair {
  return async (peer, options = {}) => {
    const { url } = await peer.run(start, {
      ...options.tls,
      ...(options.theirDeflate !== undefined && { deflate: options.theirDeflate }),
      ...(options.protocols !== undefined && { protocols: options.protocols.theirs }),
      ...options.theirs,
    });
    const [ours, accepted] = await Promise.all([
      connectOurs(new URL("/socket", url).href, {
        ...options.ours,
        mode: "message",
        ...(options.tls !== undefined && { ca: options.tls.cert }),
        ...(options.deflate !== undefined && { perMessageDeflate: options.deflate }),
        ...(options.protocols !== undefined && { protocols: options.protocols.ours }),
      }),
      peer.next("accepted"),
    ]);
    return { ours, theirs: new DotnetSocket(peer, accepted) };
  };
}

export const clientWebSocket: OpenPair = pairOurServer;
export const kestrel: OpenPair = pairOurClient("startKestrel");
const httpListener: OpenPair = pairOurClient("startHttpListener");

/** All ways of putting us and .NET together, for `describe.each`. */
export const allWays: readonly (readonly [string, OpenPair])[] = [
  ["our server, ClientWebSocket", clientWebSocket],
  ["Kestrel, our client", kestrel],
  ["HttpListener, our client", httpListener],
];
