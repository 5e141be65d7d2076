import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import type { Clock } from "../internal/clock.js";
import type { Deferred } from "../internal/deferred.js";
import { createDeferred, quiet } from "../internal/deferred.js";
import { ConnectionError, HawserError, UsageError } from "../internal/errors.js";
import { checkOptionNames } from "../internal/option-names.js";
import { defaultRuntime } from "../node/index.js";
import type { FaultConnection } from "./fault-proxy-connection.js";
import { FaultPath } from "./fault-proxy-connection.js";
import type { FaultTarget, PathFaults } from "./fault-proxy-options.js";
import { checkNumber, checkPathFaults, checkTarget } from "./fault-proxy-options.js";

const optionNames = ["target", "seed", "host", "port", "faults", "onConnection", "clock"];
/** So many connections that are over are kept, for whoever asks for them by number. */
const MAX_ENDED = 1000;

export interface FaultProxyOptions {
  /** A port of 127.0.0.1, or host and port; `proxy.target` changes it. */
  readonly target: number | FaultTarget;
  /** The same seed draws the same numbers for the same connection, whatever other connections do. @default 1 */
  readonly seed?: number;
  /** Where the proxy listens. @default "127.0.0.1" */
  readonly host?: string;
  /** @default 0: any free port */
  readonly port?: number;
  /** The faults that every connection begins with; `proxy.set` changes them. @default none */
  readonly faults?: PathFaults;
  /** Called with each connection before a byte of it is read: the place to set faults for this one. @default nothing */
  readonly onConnection?: (connection: FaultConnection) => void;
  /** @default real time */
  readonly clock?: Clock;
}

export interface FaultProxyCounters {
  /** Connections that came. */
  readonly connections: number;
  /** Those that are not over. */
  readonly open: number;
  /** Those whose server could not be reached. */
  readonly unreachable: number;
  readonly bytesToServer: number;
  readonly bytesToClient: number;
  readonly droppedBytes: number;
  readonly corruptedBytes: number;
}

/**
 * A TCP proxy that does to connections what networks do, when a test says so. It knows nothing of WebSockets or TLS: to it
 * everything is bytes.
 */
export interface FaultProxy extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Where later connections go. */
  target: number | FaultTarget;
  /** Those that are not over, the oldest first. */
  readonly connections: readonly FaultConnection[];
  readonly counters: FaultProxyCounters;
  /** Takes these faults for all connections, those to come too, in place of those there are. @throws UsageError INVALID_ARGUMENT */
  set(faults: PathFaults): void;
  /**
   * Settles with the connection of that number, 0 for the first, when it has come. Of those that are over the last 1,000 are known.
   * @throws (rejects) ConnectionError CONNECTION_CLOSED when the proxy closes before; UsageError INVALID_STATE for one that is forgotten
   */
  connection(index: number): Promise<FaultConnection>;
  /** Refuses new connections (ECONNREFUSED) until `accept`. Those there are go on. */
  refuse(): void;
  /** @throws (rejects) ConnectionError LISTEN_FAILED when somebody took the port meanwhile */
  accept(): Promise<void>;
  /** Resets every connection that is open. */
  resetAll(): void;
  /**
   * Stops listening and resets what is open. Settles when nothing is left.
   * @throws (rejects) HawserError HANDLER_FAILED when `onConnection` or an action of `at` threw: its connection was reset
   */
  close(): Promise<void>;
}

/**
 * Starts a fault proxy before a server: clients connect to the proxy's port. For tests; it should listen on loopback only.
 *
 * ```ts
 * const proxy = await createFaultProxy({ target: server.address().port, seed: 7 });
 * proxy.set({ toClient: { split: "random", delayMs: [0, 20] } });
 * ```
 *
 * @throws (rejects) UsageError INVALID_ARGUMENT; ConnectionError LISTEN_FAILED
 */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  checkProxyOptions(options);
  const proxy = new ListeningProxy(options);
  await proxy.accept();
  return proxy;
}

class ListeningProxy implements FaultProxy {
  readonly host: string;
  readonly #options: FaultProxyOptions;
  readonly #clock: Clock;
  readonly #paths = new Map<number, FaultPath>();
  readonly #ended = new Map<number, FaultPath>();
  readonly #awaited = new Map<number, Deferred<FaultConnection>>();
  readonly #totals = { unreachable: 0, bytesToServer: 0, bytesToClient: 0, droppedBytes: 0, corruptedBytes: 0 };
  #port: number;
  #target: Required<FaultTarget>;
  #faults: PathFaults;
  #server: Server | undefined;
  #count = 0;
  #closed = false;
  #failure: HawserError | undefined;

  constructor(options: FaultProxyOptions) {
    this.host = options.host ?? "127.0.0.1";
    this.#options = options;
    this.#clock = options.clock ?? defaultRuntime().clock;
    this.#port = options.port ?? 0;
    this.#target = checkTarget(options.target);
    this.#faults = options.faults ?? {};
  }

  get port(): number {
    return this.#port;
  }

  get target(): Required<FaultTarget> {
    return this.#target;
  }

  set target(target: number | FaultTarget) {
    this.#target = checkTarget(target);
  }

  get connections(): readonly FaultConnection[] {
    return [...this.#paths.values()];
  }

  get counters(): FaultProxyCounters {
    const counters = { ...this.#totals, connections: this.#count, open: this.#paths.size };
    for (const path of this.#paths.values()) addCounts(counters, path);
    return counters;
  }

  set(faults: PathFaults): void {
    checkPathFaults(faults);
    this.#faults = faults;
    for (const path of this.#paths.values()) path.set(faults);
  }

  connection(index: number): Promise<FaultConnection> {
    const known = this.#paths.get(index) ?? this.#ended.get(index);
    if (known !== undefined) return Promise.resolve(known);
    const waiter = this.#awaited.get(index) ?? createDeferred<FaultConnection>();
    this.#awaited.set(index, waiter);
    if (index < this.#count) {
      waiter.reject(new UsageError("INVALID_STATE", `connection ${index} is over and forgotten`));
    }
    if (this.#closed) this.#rejectAwaited();
    return quiet(waiter.promise);
  }

  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  async accept(): Promise<void> {
    if (this.#closed) throw new UsageError("INVALID_STATE", "the proxy is closed");
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    server.on("connection", (client) => this.#admit(client));
    this.#server = server;
    server.listen({ host: this.host, port: this.#port, backlog: 4096 });
    try {
      await once(server, "listening");
    } catch (error) {
      this.#server = undefined;
      throw new ConnectionError("LISTEN_FAILED", `the fault proxy cannot listen on ${this.host}:${this.#port}`, {
        facts: { host: this.host, port: this.#port },
        cause: error,
      });
    }
    const address = server.address() as AddressInfo; // it listens on TCP
    this.#port = address.port;
  }

  resetAll(): void {
    for (const path of this.#paths.values()) path.reset();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.refuse();
    this.resetAll();
    this.#rejectAwaited();
    await Promise.all([...this.#paths.values()].map((path) => path.closed));
    if (this.#failure !== undefined) throw this.#failure;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #admit(client: Socket): void {
    if (this.#closed) {
      client.destroy();
      return;
    }
    const index = this.#count++;
    const { seed = 1, onConnection } = this.#options;
    const fail = (error: unknown): void => this.#fail(error);
    const path = new FaultPath({ index, client, target: this.#target, seed, clock: this.#clock, fail });
    this.#paths.set(index, path);
    void path.closed.then(() => this.#forget(path));
    path.set(this.#faults);
    path.run(() => onConnection?.(path));
    path.start();
    this.#awaited.get(index)?.resolve(path);
    this.#awaited.delete(index);
  }

  #forget(path: FaultPath): void {
    this.#paths.delete(path.index);
    addCounts(this.#totals, path);
    this.#ended.set(path.index, path);
    if (this.#ended.size <= MAX_ENDED) return;
    for (const index of this.#ended.keys()) {
      this.#ended.delete(index);
      return;
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= new HawserError("HANDLER_FAILED", "a handler of the fault proxy threw", { cause: error });
  }

  #rejectAwaited(): void {
    for (const waiter of this.#awaited.values()) {
      waiter.reject(new ConnectionError("CONNECTION_CLOSED", "the fault proxy was closed before the connection came"));
    }
    this.#awaited.clear();
  }
}

function checkProxyOptions(options: FaultProxyOptions): void {
  checkOptionNames("createFaultProxy", options, optionNames);
  checkTarget(options.target);
  checkNumber("seed", options.seed ?? 1, { least: 0 });
  checkNumber("port", options.port ?? 0, { least: 0, most: 65_535 });
  checkPathFaults(options.faults ?? {});
}

type Counts = { -readonly [Name in keyof Omit<FaultProxyCounters, "connections" | "open">]: number };

function addCounts(counts: Counts, { toServer, toClient, connectError }: FaultPath): void {
  counts.unreachable += connectError === undefined ? 0 : 1;
  counts.bytesToServer += toServer.passedBytes;
  counts.bytesToClient += toClient.passedBytes;
  counts.droppedBytes += toServer.droppedBytes + toClient.droppedBytes;
  counts.corruptedBytes += toServer.corruptedBytes + toClient.corruptedBytes;
}
