import { once } from "node:events";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { ClientOptions } from "ws";
import { createGateway } from "../../src/entries/gateway.js";
import type { AuditRecord, Gateway, GatewayOptions } from "../../src/entries/gateway.js";
import type { HawserError } from "../../src/internal/errors.js";
import type { Server, ServerOptions, ServiceOptions } from "../../src/server/index.js";
import { startServer } from "./server-fixture.js";

const factor = Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);
const LIMIT_MS = 10_000 * factor;

interface PeerOptions extends ClientOptions {
  readonly query?: string;
  readonly protocols?: string[];
}

export interface RunningGateway {
  readonly gateway: Gateway;
  readonly server: Server;
  /** What `onError` was told. */
  readonly errors: HawserError[];
  readonly audit: AuditRecord[];
  readonly connect: (options?: PeerOptions) => Promise<Peer>;
  /** A peer that has logged in as this user. */
  readonly login: (user: string) => Promise<Peer>;
}

export type WireMessage = Readonly<Record<string, unknown>>;

/** Lets everybody in who names a user: the password is "right", or missing. */
export function authenticate(data: unknown): { id: string } | null {
  if (typeof data !== "object" || data === null || !("user" in data) || typeof data.user !== "string") return null;
  return "password" in data && data.password !== "right" ? null : { id: data.user };
}

/** A gateway at /gateway of a real server. */
export async function startGateway(
  options: Partial<GatewayOptions> & { readonly server?: ServerOptions; readonly service?: ServiceOptions } = {},
  prepare: (gateway: Gateway) => unknown = () => {},
): Promise<RunningGateway> {
  const errors: HawserError[] = [];
  const audit: AuditRecord[] = [];
  const { server: serverOptions = {}, service = {}, ...given } = options;
  const gateway = createGateway({
    authenticate,
    onError: (error) => void errors.push(error),
    audit: (record) => void audit.push(record),
    ...given,
  });
  prepare(gateway);
  const runtime = options.runtime === undefined ? {} : { runtime: options.runtime };
  const server = await startServer({ ...runtime, ...serverOptions }, (it) => it.service("/gateway", gateway, service));
  onTestFinished(() => gateway.close());
  const connect: RunningGateway["connect"] = async ({ query = "", protocols = [], ...rest } = {}) => {
    const client = new WebSocket(`${server.url}/gateway${query}`, protocols, rest);
    onTestFinished(() => client.terminate());
    const peer = new Peer(client);
    await once(client, "open");
    return peer;
  };
  const login = async (user: string): Promise<Peer> => {
    const peer = await connect();
    await peer.ask({ action: "login", data: { user } });
    return peer;
  };
  return { gateway, server, errors, audit, connect, login };
}

/** A client of the `ws` package that knows nothing but JSON. */
export class Peer {
  readonly socket: WebSocket;
  /** What came and was not asked for yet. */
  readonly inbox: string[] = [];
  /** Settles with the code of the Close frame. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #waiting: ((text: string) => void)[] = [];
  #pids = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = once(socket, "close").then(([code, reason]) => ({ code: Number(code), reason: String(reason) }));
    this.closed.catch(() => {});
    socket.on("error", () => {});
    socket.on("message", (data: Buffer) => {
      const text = data.toString();
      const next = this.#waiting.shift();
      if (next === undefined) this.inbox.push(text);
      else next(text);
    });
  }

  /** Sends text as it is, or an object as JSON. */
  send(message: string | object): this {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
    return this;
  }

  /** The next message, as text. */
  async nextText(): Promise<string> {
    const text = this.inbox.shift();
    if (text !== undefined) return text;
    return within(new Promise<string>((resolve) => this.#waiting.push(resolve)), "a message");
  }

  /** The next message. */
  async next(): Promise<WireMessage> {
    return JSON.parse(await this.nextText()) as WireMessage;
  }

  /** Sends a request, with a pid unless it has one, and takes the next message for its response. */
  async ask(request: WireMessage): Promise<WireMessage> {
    this.send({ pid: `p${++this.#pids}`, ...request });
    return this.next();
  }

  async code(): Promise<number> {
    return (await within(this.closed, "the end of the connection")).code;
  }
}

/** Fails when `promise` takes too long. */
async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), LIMIT_MS);
    promise.finally(() => clearTimeout(limit)).then(resolve, reject);
  });
}
