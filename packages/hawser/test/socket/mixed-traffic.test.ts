// Everything that may hold a message up, at random and together: compression in slices, broadcasts, paced inflating, rate
// limits, slow handlers, narrow paths. What was accepted arrives as it was, in order; what nobody holds is given back.
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { createZlibDeflate, ZlibPool } from "../../src/node/index.js";
import { encodeMessage } from "../../src/socket/index.js";
import type { Message, SocketOptions, TransportSocket } from "../../src/socket/index.js";
import { createSeededRandom, createTransportPair, randomSplit } from "../../src/testing/index.js";
import type { MemoryTransport } from "../../src/testing/index.js";
import { createBench, openOn } from "../support/socket-fixture.js";
import type { Bench } from "../support/socket-fixture.js";

type Random = (below: number) => number;

/** What one side of a connection has sent to the other, and what has come of it. */
interface Way {
  readonly from: TransportSocket;
  readonly accepted: { readonly name: string; dropped: boolean }[];
  readonly arrived: string[];
}

interface World {
  readonly bench: Bench;
  readonly random: Random;
  readonly pool: ZlibPool;
  readonly pairs: { readonly there: Way; readonly back: Way; readonly transport: MemoryTransport }[];
  readonly pending: Set<Promise<unknown>>;
}

const KIB = 1024;

function nameOf(data: Message): string {
  const kind = typeof data === "string" ? "text" : "binary";
  return `${kind} ${data.length} ${createHash("sha1").update(data).digest("hex").slice(0, 8)}`;
}

function createWorld(seed: number): World {
  const seeded = createSeededRandom(seed);
  const random: Random = (below) => seeded.below(below);
  const bench = createBench({ seed });
  const pool = new ZlibPool({
    deflateSliceBytes: [100, 3000, 65_536][random(3)] ?? 0,
    inflateSliceBytes: [500, 9000, 262_144][random(3)] ?? 0,
    maxSlicedMessages: 1 + random(3),
    maxFreeContexts: random(3),
    nextTurn: (callback) => void bench.clock.schedule(callback, 0),
    ledger: bench.runtime.ledger,
  });
  const world: World = { bench, random, pool, pairs: [], pending: new Set() };
  const port = createZlibDeflate({ pool, ...(random(2) === 0 ? {} : { maxContextBytes: 600 * KIB }) });
  for (let i = 1 + random(3); i >= 0; i--) world.pairs.push(openPair(world, port, random(2 ** 30)));
  return world;
}

function openPair(world: World, port: ReturnType<typeof createZlibDeflate>, seed: number): World["pairs"][number] {
  const { bench, random } = world;
  const capacityBytes = [5000, 20_000, 65_536][random(3)] ?? 0;
  const [near, far] = createTransportPair({ clock: bench.clock, capacityBytes, latencyMs: random(2) * 5 });
  if (random(2) === 0) near.split = randomSplit(seed, 5000);
  const deflate = { port, takeover: random(2) === 0, thresholdBytes: [1, 64, 1024][random(3)] ?? 0 };
  const ways: Way[] = [];
  const open = (role: "server" | "client", transport: MemoryTransport, arrived: string[]): TransportSocket => {
    const message = async (_socket: unknown, data: Message): Promise<void> => {
      arrived.push(nameOf(data));
      if (random(4) === 0) await new Promise<void>((resolve) => void bench.clock.schedule(resolve, random(30)));
    };
    const quick = (_socket: unknown, data: Message): void => void arrived.push(nameOf(data));
    const options = chooseOptions(random);
    const pulls = random(4) === 0;
    const handlers = { message: random(2) === 0 ? message : quick };
    const socket = openOn(bench, transport, { role, options, deflate, ...(pulls ? {} : { handlers }) });
    if (pulls) void pull(socket, arrived);
    return socket;
  };
  const [atClient, atServer]: string[][] = [[], []];
  ways.push({ from: open("server", near, atServer ?? []), accepted: [], arrived: atClient ?? [] });
  ways.push({ from: open("client", far, atClient ?? []), accepted: [], arrived: atServer ?? [] });
  const [there, back] = ways;
  if (there === undefined || back === undefined) throw new Error("both were pushed just now");
  return { there, back, transport: near };
}

function chooseOptions(random: Random): SocketOptions {
  const rateLimit = { messagesPerSecond: 200, burst: 1 + random(9), bytesPerSecond: 500 * KIB, closeAfterMs: Infinity };
  return {
    rateLimit: random(2) === 0 ? rateLimit : false,
    maxInflatedBytesPerSecond: random(2) === 0 ? 400 * KIB : Infinity,
    maxMessageBytes: 1024 * KIB,
    maxQueueBytes: random(2) === 0 ? 200 * KIB : 8 * 1024 * KIB,
    maxReceiveMessages: 1 + random(3),
    heartbeat: random(2) === 0 ? false : { intervalMs: 700, timeoutMs: 60_000 },
    writeTimeoutMs: Infinity,
    closeTimeoutMs: Infinity,
  };
}

async function pull(socket: TransportSocket, arrived: string[]): Promise<void> {
  try {
    for await (const data of socket) arrived.push(nameOf(data));
  } catch {
    // an end without Close is what some of the tests are about
  }
}

function chooseData(random: Random): string | Uint8Array {
  const size =
    [random(20), random(300), random(5000), random(70_000), random(250 * KIB), 1024 * KIB][
      Math.floor(random(60) ** 2 / 620)
    ] ?? 0;
  const unit = ["x", "größe ", `{"id":${random(1e6)},"name":"customer"},`][random(3)] ?? "";
  if (random(2) === 0) return unit.repeat(Math.ceil(size / unit.length / 2)) + String(random(1e9));
  const bytes = new Uint8Array(size);
  for (let at = 0, step = 1 + random(50); at < size; at += step) bytes[at] = random(256);
  return bytes;
}

/** Notes the promise, and what became of it. */
function track<T>({ pending }: World, promise: Promise<T>, failed: () => void = () => {}): void {
  pending.add(promise);
  promise.then(
    () => pending.delete(promise),
    () => {
      failed();
      pending.delete(promise);
    },
  );
}

function send(world: World, way: Way, mayStream: boolean): void {
  const { random } = world;
  const data = chooseData(random);
  const entry = { name: nameOf(data), dropped: false };
  const compress = random(3) > 0;
  const how = mayStream ? random(8) : 1 + random(7);
  const ended = (): void => void (entry.dropped = true);
  way.accepted.push(entry);
  if (how === 0) {
    const half = data.length >> 1;
    const pieces =
      typeof data === "string"
        ? [data.slice(0, half), data.slice(half)]
        : [data.subarray(0, half), data.subarray(half)];
    track(world, way.from.sendStream(pieces, { compress, type: typeof data === "string" ? "text" : "binary" }), ended);
  } else if (how === 1) {
    track(world, way.from.send(data, { compress, timeoutMs: 20 * random(20) + 1 }), ended);
  } else if (how < 5) {
    track(world, way.from.send(data, { compress }), ended);
  } else {
    try {
      way.from.post(data, { compress });
    } catch {
      ended();
    }
  }
}

function broadcast({ bench, random, pairs }: World): void {
  const data = chooseData(random);
  const message = encodeMessage(data, { ...bench, compress: random(4) > 0 });
  for (const { there } of pairs) {
    const entry = { name: nameOf(data), dropped: false };
    there.accepted.push(entry);
    try {
      there.from.postEncoded(message);
    } catch {
      entry.dropped = true;
    }
  }
  // what was sent is a copy
  if (typeof data !== "string") data.fill(7);
}

/** With streams or without: what waits behind one that a close cuts short is dropped with it. */
async function traffic(world: World, steps: number, streams: boolean): Promise<void> {
  const { random, pairs, bench } = world;
  for (let step = 0; step < steps; step++) {
    const pair = pairs[random(pairs.length)];
    const what = random(12);
    if (pair === undefined) continue;
    if (what < 4) send(world, pair.there, streams);
    else if (what < 7) send(world, pair.back, streams);
    else if (what < 9) broadcast(world);
    else if (what === 9) track(world, pair.there.from.ping());
    // oxlint-disable-next-line no-await-in-loop -- traffic is a sequence
    else await bench.clock.advance(random(2) * random(200));
  }
}

function expectedOf({ accepted }: Way): string[] {
  return accepted.filter(({ dropped }) => !dropped).map(({ name }) => name);
}

/** Lets time pass until nothing waits. */
async function rest({ bench, pairs, pending }: World): Promise<void> {
  const owing = (): boolean =>
    pairs.some(({ there, back }) =>
      [there, back].some((way) => way.from.bufferedBytes > 0 || way.arrived.length < expectedOf(way).length),
    );
  for (let second = 0; second < 300 && (owing() || pending.size > 0); second++) {
    // oxlint-disable-next-line no-await-in-loop -- time passes step by step
    await bench.clock.advance(1000);
  }
}

const seeds = Array.from({ length: 15 }, (_, i) => i + 1);

describe("traffic of all kinds", () => {
  it.each(seeds)("arrives as it was sent, in order (seed %i)", async (seed) => {
    const world = createWorld(seed);
    await traffic(world, 40, true);
    await rest(world);

    for (const { there, back } of world.pairs) {
      expect(there.arrived).toEqual(expectedOf(there));
      expect(back.arrived).toEqual(expectedOf(back));
      expect([there.from.state, back.from.state]).toEqual(["open", "open"]);
    }
    expect(world.pending.size).toBe(0);
    const reports = world.pairs.map(async ({ there }) => there.from.close(1000));
    await world.bench.clock.advance(20_000);
    expect((await Promise.all(reports)).map(({ clean }) => clean)).toEqual(reports.map(() => true));
    expect({ kept: world.pool.keptBytes, held: world.bench.runtime.ledger.bytes }).toEqual({ kept: 0, held: 0 });
  });

  it.each(seeds)("is all sent before a Close, and settled whatever ends it (seed %i)", async (seed) => {
    const world = createWorld(seed + 1_000_000);
    await traffic(world, 25, false);
    const { random, bench, pairs, pending } = world;
    const ends = pairs.map(({ there, back, transport }) => {
      const end = random(5);
      if (end < 2) track(world, there.from.close(1000));
      else if (end === 2) there.from.abort();
      else if (end === 3) transport.cut();
      else track(world, back.from.close(1001));
      return end;
    });
    for (let second = 0; second < 300 && pending.size > 0; second++) await bench.clock.advance(1000);
    await bench.clock.advance(20_000);

    const wrong = pairs.filter(({ there, back }, i) => {
      const [closed, other] = ends[i] === 4 ? [back, there] : [there, back];
      const isWhole = (ends[i] ?? 0) < 2 || ends[i] === 4;
      const isLost = isWhole && !isDeepStrictEqual(closed.arrived, expectedOf(closed));
      return isLost || !isPrefix(closed) || !isPrefix(other);
    });
    expect(wrong).toEqual([]);
    expect(pending.size).toBe(0);
    const { ledger, wheel } = bench.runtime;
    expect({ kept: world.pool.keptBytes, held: ledger.bytes, timers: wheel.size }).toEqual({
      kept: 0,
      held: 0,
      timers: 0,
    });
  });
});

/** Whether what has arrived was sent, in its order, and without a gap among what was accepted. */
function isPrefix({ arrived, accepted }: Way): boolean {
  const names = accepted.map(({ name }) => name);
  let at = 0;
  for (const name of arrived) {
    const found = names.indexOf(name, at);
    // what a caller took back, or learned the loss of, may be missing
    if (found === -1 || accepted.slice(at, found).some(({ dropped }) => !dropped)) return false;
    at = found + 1;
  }
  return true;
}
