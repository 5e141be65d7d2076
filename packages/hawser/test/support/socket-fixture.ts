import { setImmediate } from "node:timers/promises";
import { afterEach, expect } from "vitest";
import type { ByteOperations } from "../../src/internal/bytes.js";
import type { Clock, ScheduledCall } from "../../src/internal/clock.js";
import { portableBytes } from "../../src/internal/portable-bytes.js";
import type { DeflatePort } from "../../src/protocol/index.js";
import { createRuntime, openSocket, resolveSocketOptions } from "../../src/socket/index.js";
import type { Handlers, Runtime, SocketOptions, StreamHandlers, TransportSocket } from "../../src/socket/index.js";
import { createSeededRandom, createTransportPair, ScriptedPeer } from "../../src/testing/index.js";
import type { MemoryTransport, ReceivedFrame, TransportPairOptions } from "../../src/testing/index.js";

/** Virtual time that can also jump, as for a process that stood still: its timers come late, all at once. */
class StallingClock implements Clock {
  #now = 0;
  #calls: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  schedule(callback: () => void, delayMs: number): ScheduledCall {
    const call = { at: this.#now + Math.max(0, delayMs), callback };
    this.#calls.push(call);
    return { cancel: () => void (this.#calls = this.#calls.filter((other) => other !== call)) };
  }

  stall(ms: number): void {
    this.#now += ms;
  }

  /** Moves time on and runs what falls due, with all microtasks before, between and after. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    await setImmediate();
    for (let call = this.#takeDue(target); call !== undefined; call = this.#takeDue(target)) {
      this.#now = Math.max(this.#now, call.at);
      call.callback();
      await setImmediate();
    }
    this.#now = Math.max(this.#now, target);
  }

  #takeDue(target: number): { readonly at: number; readonly callback: () => void } | undefined {
    const due = this.#calls.filter((call) => call.at <= target);
    const first = due.toSorted((a, b) => a.at - b.at)[0];
    this.#calls = this.#calls.filter((call) => call !== first);
    return first;
  }
}

export interface Bench {
  readonly clock: StallingClock;
  readonly runtime: Runtime;
}

const benches: Bench[] = [];
const sockets: TransportSocket[] = [];

/** Whatever a test did: when its connections are over, they hold no memory and no timer. */
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.abort("the test is over");
  for (const { clock, runtime } of benches.splice(0)) {
    await clock.advance(0);
    const { ledger, wheel } = runtime;
    // oxlint-disable-next-line vitest/no-standalone-expect -- it is inside the hook of every test
    expect({ bytes: ledger.bytes, connections: ledger.connections, timers: wheel.size }).toEqual({
      bytes: 0,
      connections: 0,
      timers: 0,
    });
  }
});

export function createBench(ports: { bytes?: ByteOperations; seed?: number } = {}): Bench {
  const clock = new StallingClock();
  const random = createSeededRandom(ports.seed ?? 1);
  const runtime = createRuntime({
    clock,
    bytes: ports.bytes ?? portableBytes,
    random: (target) => random.fill(target),
    defer: queueMicrotask,
  });
  const bench = { clock, runtime };
  benches.push(bench);
  return bench;
}

export interface OpenOptions {
  readonly role?: "client" | "server";
  readonly options?: SocketOptions;
  readonly handlers?: Handlers;
  /** In mode stream. */
  readonly streamHandlers?: StreamHandlers;
  readonly transport?: TransportPairOptions;
  readonly deflate?: DeflateSetup;
  readonly head?: Uint8Array;
  readonly bench?: Bench;
}

interface DeflateSetup {
  readonly port: DeflatePort;
  readonly takeover?: boolean;
  readonly thresholdBytes?: number;
}

export interface Opened extends Bench {
  readonly socket: TransportSocket;
  readonly peer: ScriptedPeer;
  /** The socket's end, and the peer's. */
  readonly transport: MemoryTransport;
  readonly peerTransport: MemoryTransport;
  /** Lets everything happen that can happen without time. */
  readonly settle: () => Promise<void>;
  /** What the peer got, in short: opcode and text. */
  readonly frames: () => string[];
}

/** Without a heartbeat unless a test asks for one. */
export function openOn(bench: Bench, transport: MemoryTransport, setup: OpenOptions): TransportSocket {
  const role = setup.role ?? "server";
  const { deflate, head } = setup;
  const handlers = setup.handlers ?? setup.streamHandlers;
  const context = { windowBits: 15, takeover: deflate?.takeover ?? false };
  const socket = openSocket({
    role,
    transport,
    runtime: bench.runtime,
    options: resolveSocketOptions({ heartbeat: false, ...setup.options }, role),
    id: "1",
    url: "/",
    headers: new Map(),
    protocol: "",
    extensions: "",
    deflate:
      deflate === undefined
        ? null
        : {
            port: deflate.port,
            agreement: { server: context, client: context, header: "" },
            thresholdBytes: deflate.thresholdBytes ?? 1,
          },
    ...(handlers === undefined ? {} : { handlers }),
    ...(head === undefined ? {} : { head }),
  });
  sockets.push(socket);
  return socket;
}

/** One of our sockets against a peer that does what the test says. */
export function openWithPeer(setup: OpenOptions = {}): Opened {
  const bench = setup.bench ?? createBench();
  const [transport, peerTransport] = createTransportPair({ ...setup.transport });
  const peer = new ScriptedPeer(peerTransport, { role: setup.role === "client" ? "server" : "client" });
  const socket = openOn(bench, transport, setup);
  return {
    ...bench,
    socket,
    peer,
    transport,
    peerTransport,
    settle: () => bench.clock.advance(0),
    frames: () => peer.received.map(describeFrame),
  };
}

/** Two of our sockets against each other: a server and a client. */
export function openBoth(
  setup: { server?: OpenOptions; client?: OpenOptions; transport?: TransportPairOptions } = {},
): {
  bench: Bench;
  server: TransportSocket;
  client: TransportSocket;
  transports: [MemoryTransport, MemoryTransport];
  readonly settle: () => Promise<void>;
} {
  const bench = createBench();
  const transports = createTransportPair({ clock: bench.clock, ...setup.transport });
  const server = openOn(bench, transports[0], { ...setup.server, role: "server" });
  const client = openOn(bench, transports[1], { ...setup.client, role: "client" });
  return { bench, server, client, transports, settle: () => bench.clock.advance(0) };
}

const opcodes: Record<number, string> = { 0: "more", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong" };

function describeFrame({ opcode, fin, rsv1, text, payload, hex }: ReceivedFrame): string {
  const name = `${opcodes[opcode] ?? opcode}${fin ? "" : "…"}${rsv1 ? " deflated" : ""}`;
  if (opcode === 8) {
    const code = payload.length === 0 ? "" : ` ${((payload[0] ?? 0) << 8) | (payload[1] ?? 0)}`;
    return `${name}${code}${payload.length > 2 ? ` ${text.slice(-(payload.length - 2))}` : ""}`;
  }
  if (payload.length > 16) return `${name} ${payload.length} bytes`;
  return `${name} ${opcode === 2 ? hex : text}`.trimEnd();
}

/** How a promise stands, without waiting for it. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  const pending = Symbol("pending");
  try {
    const value = await Promise.race([promise, Promise.resolve().then(() => Promise.resolve(pending))]);
    return value === pending ? "pending" : "settled";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
