// REL-D4: whatever happens in which order, a write that waits has exactly one live deadline. REL-D19: what timers cost.
import { describe, expect, it } from "vitest";
import type { SocketOptions, TransportSocket } from "../../src/socket/index.js";
import { createSeededRandom, createTransportPair } from "../../src/testing/index.js";
import type { MemoryTransport } from "../../src/testing/index.js";
import { createBench, openOn, openWithPeer } from "../support/socket-fixture.js";
import type { Opened } from "../support/socket-fixture.js";

const WRITE_TIMEOUT_MS = 500;
const TICK_MS = 20;

interface Schedule extends Opened {
  readonly random: (max: number) => number;
  readonly pending: Set<Promise<void>>;
  /** Steps after which bytes waited. */
  waits: number;
  /** What was found not to hold. */
  readonly wrong: object[];
}

function createSchedule(seed: number, options: SocketOptions): Schedule {
  const opened = openWithPeer({ bench: createBench({ seed }), options, transport: { capacityBytes: 40 } });
  const random = createSeededRandom(seed);
  return { ...opened, random: (max) => random.below(max), pending: new Set(), waits: 0, wrong: [] };
}

const acts: readonly ((schedule: Schedule) => void)[] = [
  ({ peer }) => peer.pause(),
  ({ peer }) => peer.resume(),
  ({ socket, pending, random }) => {
    if (socket.state !== "open") return;
    const send = socket.send(new Uint8Array(random(200)));
    pending.add(send);
    void send.then(
      () => pending.delete(send),
      () => pending.delete(send),
    );
  },
  ({ socket }) => void (socket.state === "open" && socket.post("x".repeat(60))),
  ({ peer, transport }) => {
    if (!transport.closed) peer.sendText("hello");
  },
  ({ socket, random }) => {
    if (random(12) === 0) void socket.close();
  },
];

/** Does what the seed says, and looks after every step. */
async function run(seed: number, options: SocketOptions): Promise<Schedule> {
  const schedule = createSchedule(seed, options);
  const { clock, socket, transport, runtime, random } = schedule;
  let blocked = 0;
  let blockedMs = 0;
  for (let step = 0; step < 40 && !transport.closed; step++) {
    acts[random(acts.length)]?.(schedule);
    const passMs = random(8) * TICK_MS;
    // oxlint-disable-next-line no-await-in-loop -- a schedule is a sequence
    await clock.advance(passMs);
    const waits = transport.bufferedBytes > 0;
    blockedMs = waits && transport.bufferedBytes === blocked ? blockedMs + passMs : 0;
    blocked = transport.bufferedBytes;
    if (waits) schedule.waits++;
    const timers = runtime.wheel.size;
    const isWrong = timers > 1 || (waits && (timers !== 1 || blockedMs > WRITE_TIMEOUT_MS + 2 * TICK_MS));
    if (isWrong) schedule.wrong.push({ seed, step, state: socket.state, timers, waits, blockedMs });
  }
  return schedule;
}

describe("REL-D4 a write that waits", () => {
  it("has exactly one live deadline, in 60 schedules", async () => {
    let waits = 0;
    for (let seed = 1; seed <= 60; seed++) {
      // oxlint-disable-next-line no-await-in-loop -- one simulation after the other
      const schedule = await run(seed, { writeTimeoutMs: WRITE_TIMEOUT_MS, closeTimeoutMs: WRITE_TIMEOUT_MS });
      const { peer, clock, pending, transport, socket } = schedule;
      waits += schedule.waits;
      peer.pause();
      if (socket.state === "open") socket.post(new Uint8Array(100));
      // oxlint-disable-next-line no-await-in-loop -- the same
      await clock.advance(8 * WRITE_TIMEOUT_MS);
      expect({ seed, wrong: schedule.wrong, ended: transport.closed, pending: pending.size }).toEqual({
        seed,
        wrong: [],
        ended: true,
        pending: 0,
      });
    }
    expect(waits).toBeGreaterThan(200);
  });

  it("waits for ever without a limit", async () => {
    const { peer, clock, socket, transport, runtime } = await run(3, { writeTimeoutMs: Infinity });
    expect(socket.state).toBe("open");
    peer.pause();
    socket.post(new Uint8Array(100));
    await clock.advance(24 * 3600 * 1000);
    expect({ ended: transport.closed, timers: runtime.wheel.size }).toEqual({ ended: false, timers: 0 });
  });
});

/** Pairs of sockets that say nothing, and how often the clock and the wheel were asked for anything. */
function openPairs(count: number): {
  bench: ReturnType<typeof createBench>;
  pairs: [TransportSocket, MemoryTransport][];
  calls: () => number;
} {
  const bench = createBench();
  const schedule = bench.clock.schedule.bind(bench.clock);
  let calls = 0;
  bench.clock.schedule = (callback, delayMs) => (calls++, schedule(callback, delayMs));
  const pairs = Array.from({ length: count }, (): [TransportSocket, MemoryTransport] => {
    const [left, right] = createTransportPair({});
    openOn(bench, right, { role: "client", handlers: {} });
    return [openOn(bench, left, { handlers: {}, options: { heartbeat: {} } }), left];
  });
  return { bench, pairs, calls: () => calls };
}

describe("REL-D19 the heartbeats of many connections", () => {
  it("share one timer of the system, which is set at most once a tick", async () => {
    const { bench, calls } = openPairs(300);
    expect(bench.runtime.wheel.size).toBe(300);
    const before = calls();
    await bench.clock.advance(25_000);
    // as many as there are ticks of 20 ms in the part of the interval in which heartbeats come, not as connections
    expect(calls() - before).toBeLessThanOrEqual(25_000 / TICK_MS);
    expect(bench.runtime.wheel.size).toBe(300);
  });

  it("cost each connection a few operations in an interval", async () => {
    const { bench } = openPairs(100);
    const { wheel } = bench.runtime;
    const arm = wheel.arm.bind(wheel);
    let armed = 0;
    wheel.arm = (timer, delayMs) => (armed++, arm(timer, delayMs));
    await bench.clock.advance(100_000);
    // four or five beats; each arms for the answer and for the next beat
    expect(armed / 100).toBeGreaterThanOrEqual(4);
    expect(armed / 100).toBeLessThanOrEqual(20);
  });

  it("come spread over the last fifth of the interval, and none later", async () => {
    const { bench, pairs } = openPairs(300);
    const sentAt = new Map<MemoryTransport, number>();
    for (const [, transport] of pairs) {
      const write = transport.write.bind(transport);
      transport.write = (chunks) => {
        if (!sentAt.has(transport)) sentAt.set(transport, bench.clock.now());
        write(chunks);
      };
    }
    await bench.clock.advance(25_040);
    const times = [...sentAt.values()];
    expect(times).toHaveLength(300);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(20_000);
    const tenths = Array.from({ length: 10 }, (_, i) =>
      times.filter((ms) => Math.min(9, Math.floor((ms - 20_000) / 500)) === i),
    );
    expect(Math.min(...tenths.map((part) => part.length))).toBeGreaterThan(10);
    expect(Math.max(...tenths.map((part) => part.length))).toBeLessThan(60);
  });
});
