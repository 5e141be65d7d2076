import type { Socket } from "node:net";
import { connect } from "node:net";
import type { Clock } from "../internal/clock.js";
import { createDeferred } from "../internal/deferred.js";
import type { FaultDirection } from "./fault-proxy-direction.js";
import { DirectionPump } from "./fault-proxy-direction.js";
import type { FaultTarget, PathFaults } from "./fault-proxy-options.js";

// Taken at load, so that a test which replaces the global timers does not stop the proxy.
const nextTurn = setImmediate;

/** One connection through a fault proxy: a client's to the proxy, and the proxy's to the server. */
export interface FaultConnection {
  /** 0 for the first that came, and so on. */
  readonly index: number;
  readonly toServer: FaultDirection;
  readonly toClient: FaultDirection;
  /** Why the server could not be reached, if so. */
  readonly connectError: Error | undefined;
  /** Whether the proxy has nothing of it any more. */
  readonly isClosed: boolean;
  /** Settles when the proxy has nothing of it any more. Never rejects. */
  readonly closed: Promise<void>;
  /** Takes these faults in place of those there are. @throws UsageError INVALID_ARGUMENT */
  set(faults: PathFaults): void;
  /**
   * Cuts the cable, both ways: everything is dropped, and neither side is told of anything. `reset` and `close` still work.
   * From `onConnection` the server never hears of the connection.
   */
  silence(): void;
  /** Resets both sides (TCP RST): what is on its way is lost. */
  reset(): void;
  /** Ends both sides cleanly (TCP FIN), at once; what they still send is dropped. */
  close(): void;
}

const CONNECT_LIMIT_MS = 1000;

export interface PathSetup {
  readonly index: number;
  readonly client: Socket;
  readonly target: Required<FaultTarget>;
  readonly seed: number;
  readonly clock: Clock;
  /** Gets what a handler threw. */
  readonly fail: (error: unknown) => void;
}

export class FaultPath implements FaultConnection {
  readonly index: number;
  readonly toServer: DirectionPump;
  readonly toClient: DirectionPump;
  readonly closed: Promise<void>;
  connectError: Error | undefined;
  isClosed = false;
  readonly #setup: PathSetup;
  readonly #closed = createDeferred<void>();
  #server: Socket | undefined;
  #openSockets = 1;
  #connected = false;
  #ending = false;

  constructor(setup: PathSetup) {
    this.index = setup.index;
    this.#setup = setup;
    this.closed = this.#closed.promise;
    // far apart, so that no two directions draw the same numbers
    const seed = Math.imul(setup.seed + 1, 0x9e3779b1) + Math.imul(setup.index + 1, 0x85ebca6b);
    this.toServer = this.#createPump(seed, setup.client, () => this.#server);
    this.toClient = this.#createPump(seed + 101, undefined, () => setup.client);
    this.#follow(setup.client, this.toServer, this.toClient);
  }

  get isSilent(): boolean {
    return this.toServer.faults.silent === true && this.toClient.faults.silent === true;
  }

  /** Connects to the server, unless the connection was ended or silenced by whoever saw it first. */
  start(): void {
    if (this.#ending || this.isSilent) return;
    const { host, port } = this.#setup.target;
    const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
    this.#server = server;
    this.#openSockets++;
    this.#follow(server, this.toClient, this.toServer);
    server.once("connect", () => {
      this.#connected = true;
      if (this.#ending) return;
      this.toServer.start();
      this.toClient.start();
    });
  }

  set(faults: PathFaults): void {
    this.toServer.set(faults.toServer ?? {});
    this.toClient.set(faults.toClient ?? {});
  }

  silence(): void {
    this.set({ toServer: { silent: true }, toClient: { silent: true } });
  }

  reset(): void {
    this.#ending = true;
    this.#stop();
    resetSocket(this.#setup.client);
    this.#whenConnected(resetSocket);
  }

  close(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#stop();
    endCleanly(this.#setup.client);
    this.#whenConnected(endCleanly);
  }

  /** The server may have accepted what is still connecting here: to it, too, the end has to be the one asked for. */
  #whenConnected(end: (server: Socket) => void): void {
    const server = this.#server;
    if (server?.connecting !== true) {
      if (server !== undefined) end(server);
      return;
    }
    server.once("connect", () => end(server.setTimeout(0)));
    server.setTimeout(CONNECT_LIMIT_MS, () => server.destroy()); // one that answers nothing
  }

  /** Runs what a test gave; if it throws the connection is reset. */
  run(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#setup.fail(error);
      this.reset();
    }
  }

  #stop(): void {
    this.toServer.stop();
    this.toClient.stop();
  }

  #createPump(seed: number, source: Socket | undefined, destination: () => Socket | undefined): DirectionPump {
    return new DirectionPump({
      clock: this.#setup.clock,
      nextTurn,
      seed,
      write: (bytes) => destination()?.write(bytes) ?? false,
      end: () => destination()?.end(),
      setReading: (reading) => {
        const socket = source ?? this.#server;
        if (reading) socket?.resume();
        else socket?.pause();
      },
      run: (action) => this.run(action),
      cut: (how) => (how === "reset" ? this.reset() : this.close()),
    });
  }

  /** What `socket` sends is for `outgoing`; `incoming` writes to it. */
  #follow(socket: Socket, outgoing: DirectionPump, incoming: DirectionPump): void {
    socket.on("data", (bytes: Uint8Array) => outgoing.receive(bytes));
    socket.pause(); // a listener for data starts the reading
    socket.on("end", () => outgoing.receiveEnd());
    socket.on("drain", () => incoming.onDrain());
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // Node.js (20 to 24) tells no close of a socket that could not be reset, as its end was under way
      if (error.syscall === "reset") this.#onSocketClosed();
      if (socket === this.#server && !this.#connected) this.connectError = error;
      if (outgoing.faults.silent !== true) this.reset();
    });
    socket.once("close", () => this.#onSocketClosed());
  }

  #onSocketClosed(): void {
    this.#openSockets--;
    if (this.#openSockets > 0) return;
    this.isClosed = true;
    this.#stop();
    this.#closed.resolve();
  }
}

/** One whose end is under way cannot be reset: it is closed. */
function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

function endCleanly(socket: Socket): void {
  socket.end();
  socket.resume(); // its end is read behind all it sent
}
