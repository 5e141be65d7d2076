import type { ClientOptions, WebSocket } from "ws";
import { createGateway } from "../../src/entries/gateway.js";
import type { Gateway, GatewayOptions } from "../../src/entries/gateway.js";
import type { Server, ServerOptions, ServiceOptions } from "../../src/server/index.js";
import { connectWs, startServer } from "./server-fixture.js";

const factor = Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

/** How long a peer waits for anything. */
const LIMIT_MS = 20_000 * factor;

/** A message of the server, its keys as they came. */
export interface Received {
  readonly pid?: string;
  readonly actionAck?: string;
  readonly status?: number;
  readonly channel?: string;
  readonly event?: string;
  readonly key?: string;
  readonly session?: string;
  readonly resume?: string;
  readonly resumed?: boolean;
  readonly channels?: readonly string[];
  readonly data?: unknown;
  readonly error?: { readonly code: string; readonly temporary: boolean; readonly retryAfterMs?: number };
}

/** A client of the gateway's wire that knows nothing but JSON and the `ws` package. */
export class GatewayPeer {
  readonly socket: WebSocket;
  readonly received: Received[] = [];
  /** Settles with the close code. */
  readonly closed: Promise<number>;
  #closedWith: number | undefined;
  #pids = 0;
  #watchers: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on("close", (code) => {
        this.#closedWith = code;
        resolve(code);
        this.#wake();
      });
    });
    socket.on("error", () => {});
    socket.on("message", (data: Buffer) => {
      const text = data.toString();
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test's own look at what came
      this.received.push((text === "Pong" ? { actionAck: "Pong" } : JSON.parse(text)) as Received);
      this.#wake();
    });
  }

  static async connect(server: Server, options: ClientOptions = {}): Promise<GatewayPeer> {
    return new GatewayPeer(await connectWs(server, "/gateway", options));
  }

  /** Connected and logged in. */
  static async logIn(server: Server, user: string, options: ClientOptions = {}): Promise<GatewayPeer> {
    const peer = await GatewayPeer.connect(server, options);
    const { status } = await peer.request("login", { data: { user } });
    if (status !== 1) throw new Error("the login was refused");
    return peer;
  }

  send(message: object | string): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Sends a request; settles with its response. */
  async request(action: string, fields: object = {}): Promise<Received> {
    const pid = String(++this.#pids);
    this.send({ pid, action, ...fields });
    const isResponse = (message: Received): boolean => message.pid === pid;
    await this.until(() => this.received.some(isResponse), `the response to ${action}`);
    return this.received.find(isResponse) ?? {};
  }

  /** The code of the refusal, or "done". */
  async outcome(action: string, fields: object = {}): Promise<string> {
    const { status, error } = await this.request(action, fields);
    return status === 1 ? "done" : (error?.code ?? "no code");
  }

  subscribe(channel: string): Promise<string> {
    return this.outcome("subscribe", { channel });
  }

  unsubscribe(channel: string): Promise<string> {
    return this.outcome("unsubscribe", { channel });
  }

  /** Publications that came, of one channel or of all. */
  publications(channel?: string): Received[] {
    return this.received
      .filter((message) => message.pid === undefined && message.channel !== undefined)
      .filter((message) => channel === undefined || message.channel === channel);
  }

  data(channel?: string): unknown[] {
    return this.publications(channel).map((message) => message.data);
  }

  /** Waits until `test` holds; it is asked whenever something came. */
  async until(test: () => boolean, what: string): Promise<void> {
    const deadline = AbortSignal.timeout(LIMIT_MS);
    while (!test()) {
      if (this.#closedWith !== undefined) throw new Error(`closed with ${this.#closedWith} before ${what}`);
      await new Promise<void>((resolve, reject) => {
        const fail = (): void => reject(new Error(`waited in vain for ${what}`));
        deadline.addEventListener("abort", fail, { once: true });
        this.#watchers.push(() => {
          deadline.removeEventListener("abort", fail);
          resolve();
        });
      });
    }
  }

  /** A message there and back: whatever the server sent before has come. */
  async roundTrip(): Promise<void> {
    await this.request("ping");
  }

  #wake(): void {
    for (const resolve of this.#watchers.splice(0)) resolve();
  }
}

export interface Stage {
  readonly server: Server;
  readonly gateway: Gateway;
}

/** A server with a gateway at /gateway, where anybody may log in by a name. */
export async function startGateway(
  options: Partial<GatewayOptions> = {},
  serverOptions: ServerOptions = {},
  serviceOptions: ServiceOptions = {},
): Promise<Stage> {
  const gateway = createGateway({
    authenticate: (data) => ({ id: (data as { user: string }).user }),
    ...options,
  });
  const server = await startServer(serverOptions, (made) => made.service("/gateway", gateway, serviceOptions));
  return { server, gateway };
}

/** Settles when `test` holds; it is asked again at every turn of the event loop. */
export async function eventually(test: () => boolean, what: string): Promise<void> {
  const until = performance.now() + LIMIT_MS;
  while (!test()) {
    if (performance.now() > until) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
