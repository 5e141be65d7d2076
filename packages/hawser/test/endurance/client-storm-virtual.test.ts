import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { createClientCore } from "../../src/client/index.js";
import type { Client, Connection, ConnectionSink, Connector } from "../../src/client/index.js";
import { createAddressSet } from "../../src/server/limits/address-set.js";
import { ConnectionLimits } from "../../src/server/limits/connection-limits.js";
import { guardLogger } from "../../src/server/logs/logger.js";
import type { VirtualRuntime } from "../../src/testing/index.js";
import { createSeededRandom, createVirtualRuntime } from "../../src/testing/index.js";

const CLIENTS = 1000;
const DOWN_MS = 20_000;
const BACK_MS = 60_000;
const OPENINGS_PER_SECOND = 100;
const MAX_ATTEMPTS_PER_SECOND = 200;
/** There and back. */
const ROUND_TRIP_MS = 2;

/** What a client was told last. */
interface Memory {
  refusedAtMs: number;
  hintMs: number;
}

/** A server that is down at first, and admits as the real one does: its limits and its answers are the real ones. */
class VirtualServer {
  isUp = true;
  readonly attemptsMs: number[] = [];
  refused = 0;
  /** Attempts that came before the time of a Retry-After. */
  tooSoon = 0;
  readonly #runtime: VirtualRuntime;
  readonly #open = new Set<ConnectionSink>();
  #limits: ConnectionLimits;

  constructor(runtime: VirtualRuntime) {
    this.#runtime = runtime;
    this.#limits = this.#createLimits();
  }

  /** It ends as a killed process does. */
  goDown(): void {
    this.isUp = false;
    for (const sink of this.#open) sink.onClosed(lost("ECONNRESET"));
    this.#open.clear();
  }

  comeBack(): void {
    this.isUp = true;
    this.attemptsMs.length = 0;
    this.refused = 0;
    this.#limits = this.#createLimits();
  }

  /** For one client. */
  createConnector(): Connector {
    const memory = { refusedAtMs: -Infinity, hintMs: 0 };
    return {
      capabilities: { ping: true, backpressure: true, headers: true },
      open: (_url, _protocols, sink) => this.#connect(sink, memory),
    };
  }

  #connect(sink: ConnectionSink, memory: Memory): Connection {
    const waitedMs = this.#runtime.clock.now() - memory.refusedAtMs;
    if (waitedMs < memory.hintMs) this.tooSoon++;
    const answer = this.#runtime.clock.schedule(() => this.#answer(sink, memory), ROUND_TRIP_MS);
    return {
      protocol: "hawser.v1",
      bufferedBytes: 0,
      send: () => {},
      close: (code = 1000) => {
        this.#open.delete(sink);
        this.#runtime.clock.schedule(() => sink.onClosed({ ...lost(""), code, clean: true }), 0);
      },
      abort: () => answer.cancel(),
    };
  }

  #answer(sink: ConnectionSink, memory: Memory): void {
    this.attemptsMs.push(this.#runtime.clock.now());
    if (!this.isUp) {
      sink.onClosed(lost("ECONNREFUSED"));
      return;
    }
    const stream = new PassThrough();
    this.#limits.onAccepted(stream);
    const refusal = this.#limits.admit(stream, "192.0.2.1");
    if (refusal === undefined) {
      this.#open.add(sink);
      sink.onOpen();
      return;
    }
    this.refused++;
    stream.destroy();
    const hintMs = Number(refusal.answer.headers?.["Retry-After"]) * 1000;
    Object.assign(memory, { refusedAtMs: this.#runtime.clock.now(), hintMs });
    sink.onClosed({ ...lost("refused"), httpStatus: refusal.answer.status, retryAfterMs: hintMs });
  }

  #createLimits(): ConnectionLimits {
    return new ConnectionLimits({
      maxConnections: Infinity,
      maxConnectionsPerAddress: Infinity,
      maxOpeningsPerSecond: OPENINGS_PER_SECOND,
      exempt: createAddressSet("exempt", []),
      trustedProxies: createAddressSet("trustedProxies", []),
      overTls: false,
      isMemoryShort: () => false,
      runtime: this.#runtime,
      log: guardLogger({ debug() {}, info() {}, warn() {}, error() {} }),
    });
  }
}

const lost = (error: string) => ({ code: 1006, reason: "", clean: false, error: new Error(error) });

function createClients(server: VirtualServer, runtime: VirtualRuntime, seed: number): readonly Client[] {
  const random = createSeededRandom(seed);
  const platform = { clock: runtime.clock, random: (target: Uint8Array) => random.fill(target) };
  return Array.from({ length: CLIENTS }, () =>
    createClientCore(server.createConnector(), platform, "ws://server/", {}),
  );
}

/** The most in any second, wherever it begins. */
function countMostPerSecond(timesMs: readonly number[]): number {
  let most = 0;
  let first = 0;
  timesMs.forEach((time, index) => {
    while ((timesMs[first] ?? 0) <= time - 1000) first++;
    most = Math.max(most, index - first + 1);
  });
  return most;
}

interface Storm {
  readonly server: VirtualServer;
  /** `open` events of each client since the server's return. */
  readonly opens: readonly number[];
  readonly states: ReadonlySet<string>;
  readonly mostAttemptsPerSecond: number;
  readonly openedBefore: number;
}

async function runStorm(seed: number, downMs: number): Promise<Storm> {
  const runtime = createVirtualRuntime(undefined, seed);
  const server = new VirtualServer(runtime);
  const clients = createClients(server, runtime, seed);
  let opens = clients.map(() => 0);
  clients.forEach((client, index) => client.on("open", () => (opens[index] = (opens[index] ?? 0) + 1)));
  for (const client of clients) void client.connect();
  await runtime.clock.advance(BACK_MS);
  const openedBefore = opens.reduce((sum, count) => sum + count, 0);
  opens = clients.map(() => 0);
  server.goDown();
  await runtime.clock.advance(downMs);
  server.comeBack();
  await runtime.clock.advance(BACK_MS);
  const states = new Set(clients.map((client) => client.state));
  const storm = { server, opens, states, openedBefore };
  const mostAttemptsPerSecond = countMostPerSecond(server.attemptsMs);
  const ends = clients.map((client) => client.disconnect());
  await runtime.clock.advance(0);
  await Promise.all(ends);
  expect(runtime.clock.pending).toBe(0);
  return { ...storm, mostAttemptsPerSecond };
}

it.each([1, 2, 3])(
  "1,000 clients of a server that was down for 20 s come back as it can take them (%i)",
  async (seed) => {
    const { opens, states, mostAttemptsPerSecond, openedBefore } = await runStorm(seed, DOWN_MS);
    expect(openedBefore).toBe(CLIENTS);
    expect(opens).toEqual(opens.map(() => 1));
    expect(states).toEqual(new Set(["open"]));
    expect(mostAttemptsPerSecond).toBeLessThanOrEqual(MAX_ATTEMPTS_PER_SECOND);
  },
);

it("those whom it refuses after a short fall come back, too, and no more often than it asks", async () => {
  const { server, opens, states } = await runStorm(4, 3000);
  expect(server.refused).toBeGreaterThan(50);
  expect(server.tooSoon).toBe(0);
  expect(opens).toEqual(opens.map(() => 1));
  expect(states).toEqual(new Set(["open"]));
});
