import { describe, expect, it } from "vitest";
import { CONNECTION_BYTES, Ledger } from "../../internal/ledger.js";
import type { MemoryUse } from "../../socket/index.js";
import { createVirtualRuntime } from "../../testing/index.js";
import type { VirtualRuntime } from "../../testing/index.js";
import { MemoryGuard } from "./memory-guard.js";
import type { Sheddable } from "./memory-guard.js";

const KIB = 1024;

/** Holds bytes until it is told to go, and some of them until the peer has read its Close. */
class FakeSocket implements Sheddable {
  heldBytes = 0;
  readonly name: string;
  /** What it cannot drop at once. */
  readonly stuckBytes: number;
  readonly #bench: Bench;

  constructor(name: string, bench: Bench, stuckBytes = 0) {
    this.name = name;
    this.stuckBytes = stuckBytes;
    this.#bench = bench;
  }

  hold(bytes: number): void {
    this.#bench.runtime.ledger.add(bytes - this.heldBytes);
    this.heldBytes = bytes;
  }

  shed(): void {
    this.#bench.shed.push(this.name);
    this.hold(Math.min(this.stuckBytes, this.heldBytes));
    if (this.stuckBytes === 0) this.end();
  }

  abort(): void {
    this.#bench.aborted.push(this.name);
    this.end();
  }

  end(): void {
    this.hold(0);
    this.#bench.runtime.ledger.close();
    this.#bench.sockets.delete(this);
    this.#bench.guard.onClosed(this);
  }
}

class Bench {
  readonly runtime: VirtualRuntime;
  readonly sockets: Set<FakeSocket> = new Set();
  readonly guard: MemoryGuard;
  readonly shed: string[] = [];
  readonly aborted: string[] = [];
  readonly warnings: object[] = [];
  use: MemoryUse = { usedBytes: 0, limitBytes: 1024 * KIB };

  constructor(maxMemoryBytes: number, ledger = new Ledger()) {
    const runtime = createVirtualRuntime();
    const resources = { maxDescriptors: Infinity, maxMemoryBytes: 1024 * KIB, readMemoryUse: () => this.use };
    this.runtime = { ...runtime, ledger, resources };
    const warn = (fields: object): number => this.warnings.push(fields);
    const log = { debug() {}, info() {}, warn, error() {} };
    this.guard = new MemoryGuard({ maxMemoryBytes, sockets: this.sockets, runtime: this.runtime, log });
  }

  open(name: string, bytes = 0, stuckBytes = 0): FakeSocket {
    const socket = new FakeSocket(name, this, stuckBytes);
    this.sockets.add(socket);
    this.runtime.ledger.open();
    this.guard.onOpen();
    socket.hold(bytes);
    return socket;
  }

  openMany(count: number, bytes = 0): FakeSocket[] {
    return Array.from({ length: count }, (_, i) => this.open(String(i), bytes));
  }

  advance(ms: number): Promise<void> {
    return this.runtime.clock.advance(ms);
  }

  get charged(): number {
    return this.runtime.ledger.chargedBytes;
  }
}

describe("REL-D20 what connections hold", () => {
  it("from 80 % of the limit on keeps newcomers out, and closes nobody", async () => {
    const bench = new Bench(100 * KIB);
    bench.open("1", 71 * KIB);
    expect(bench.guard.isShort).toBe(false);
    const second = bench.open("2", 0);
    expect(bench.guard.isShort).toBe(true);
    await bench.advance(10_000);
    expect(bench.shed).toEqual([]);
    second.end();
    expect(bench.guard.isShort).toBe(false);
  });

  it("above the limit is shed, the newest of those that hold much first, down to 90 %", async () => {
    const bench = new Bench(500 * KIB);
    bench.open("old and large", 100 * KIB);
    bench.open("large", 100 * KIB);
    bench.open("new and large", 100 * KIB);
    bench.openMany(20);
    bench.open("newest and small", 10);
    expect(bench.shed).toEqual([]);
    bench.open("one too many", 100 * KIB);
    await bench.advance(0);
    expect(bench.shed).toEqual(["one too many", "new and large"]);
    expect(bench.charged).toBeLessThanOrEqual(450 * KIB);
    expect(bench.warnings).toHaveLength(1);
  });

  it("goes on being held without a limit", async () => {
    const bench = new Bench(Infinity);
    bench.use = { usedBytes: 1024 * KIB, limitBytes: 1024 * KIB };
    bench.openMany(200, 100 * KIB);
    await bench.advance(20_000);
    expect([bench.shed, bench.guard.isShort, bench.runtime.wheel.size]).toEqual([[], false, 0]);
    expect(bench.charged).toBeGreaterThan(20_000 * KIB);
  });

  it("counts connections that hold nothing: the newest go", async () => {
    const bench = new Bench(10 * CONNECTION_BYTES);
    bench.openMany(11);
    await bench.advance(0);
    expect(bench.shed).toEqual(["10", "9"]);
  });

  it("held elsewhere closes nobody who holds nothing", async () => {
    const bench = new Bench(1000 * KIB);
    bench.openMany(20);
    bench.open("holds", 10 * KIB);
    bench.runtime.ledger.add(2000 * KIB);
    await bench.advance(1000);
    expect(bench.shed).toEqual(["holds"]);
  });

  it("is within the limit at the end of every turn, however fast it grows", async () => {
    const bench = new Bench(1000 * CONNECTION_BYTES);
    const counts: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      bench.openMany(700);
      await bench.advance(0);
      counts.push(bench.shed.length);
      expect(bench.charged).toBeLessThanOrEqual(1000 * CONNECTION_BYTES);
    }
    expect(counts).toEqual([0, 400, 1100, 1800, 2500]);
  });

  it("is shed a few at a time", async () => {
    const bench = new Bench(1000 * CONNECTION_BYTES);
    bench.openMany(1001);
    await bench.advance(0);
    expect(bench.shed).toHaveLength(50);
    await bench.advance(40);
    expect(bench.shed).toHaveLength(101);
    await bench.advance(1000);
    expect(bench.shed).toHaveLength(101);
  });

  it("does not shed more because those who go have not gone yet, and ends those who do not go", async () => {
    const bench = new Bench(1000 * KIB);
    const sockets = Array.from({ length: 10 }, (_, i) => bench.open(String(i), 90 * KIB, 90 * KIB));
    bench.open("last", 90 * KIB, 90 * KIB);
    await bench.advance(500);
    expect([bench.shed, bench.aborted]).toEqual([["last", "9"], []]);
    for (const socket of sockets) socket.hold(socket.heldBytes + 1);
    await bench.advance(520);
    expect([bench.shed, bench.aborted]).toEqual([
      ["last", "9"],
      ["last", "9"],
    ]);
  });

  it("is told once an episode", async () => {
    const bench = new Bench(100 * KIB);
    for (let i = 0; i < 5; i++) {
      bench.open("large", 100 * KIB);
      bench.open("kept", 1);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await bench.advance(200);
    }
    expect(bench.warnings).toHaveLength(1);
    for (const socket of bench.sockets) socket.end();
    bench.open("large", 100 * KIB);
    await bench.advance(0);
    expect(bench.warnings).toHaveLength(2);
  });
});

describe("REL-D20 the real size of the process", () => {
  it("from 90 % of its limit on keeps newcomers out, until it is less", async () => {
    const bench = new Bench(10_000 * KIB);
    bench.openMany(20);
    bench.use = { usedBytes: 922 * KIB, limitBytes: 1024 * KIB };
    await bench.advance(1020);
    expect([bench.guard.isShort, bench.shed]).toEqual([true, []]);
    bench.use = { usedBytes: 800 * KIB, limitBytes: 1024 * KIB };
    await bench.advance(1020);
    expect([bench.guard.isShort, bench.warnings.length]).toEqual([false, 1]);
    bench.use = { usedBytes: 922 * KIB, limitBytes: 1024 * KIB };
    await bench.advance(1020);
    expect([bench.guard.isShort, bench.warnings.length]).toEqual([true, 2]);
  });

  it("is brought down slowly when it stays there", async () => {
    const bench = new Bench(10_000 * KIB);
    bench.openMany(100);
    bench.use = { usedBytes: 930 * KIB, limitBytes: 1024 * KIB };
    await bench.advance(5_040);
    expect(bench.shed).toHaveLength(10);
    await bench.advance(5_040);
    expect(bench.shed).toHaveLength(19);
  });

  it("is brought down faster near its limit", async () => {
    const bench = new Bench(10_000 * KIB);
    bench.openMany(100);
    bench.use = { usedBytes: 1000 * KIB, limitBytes: 1024 * KIB };
    await bench.advance(2_060);
    expect(bench.shed).toHaveLength(19);
  });

  it("that does not come down never costs every connection", async () => {
    const bench = new Bench(10_000 * KIB);
    bench.openMany(100);
    bench.use = { usedBytes: 1024 * KIB, limitBytes: 1024 * KIB };
    await bench.advance(600_000);
    // a tenth of the limit is 102.4 KiB, which is 12 connections
    expect(bench.sockets.size).toBe(12);
    expect(bench.charged).toBeLessThanOrEqual(102.4 * KIB);
    expect(bench.warnings).toHaveLength(1);
  });

  it("that others fill costs nobody his connection", async () => {
    const bench = new Bench(10_000 * KIB);
    bench.openMany(12);
    bench.use = { usedBytes: 1024 * KIB, limitBytes: 1024 * KIB };
    await bench.advance(60_000);
    expect(bench.shed).toEqual([]);
    expect(bench.warnings).toEqual([
      { usedBytes: 1024 * KIB, limitBytes: 1024 * KIB, heldBytes: 96 * KIB, connections: 12 },
    ]);
  });

  it("is looked at once a second, and only while there are connections", async () => {
    const bench = new Bench(100 * KIB);
    let looks = 0;
    Object.defineProperty(bench, "use", { get: () => (looks++, { usedBytes: 0, limitBytes: 1 }) });
    await bench.advance(10_000);
    expect([looks, bench.runtime.wheel.size]).toEqual([0, 0]);
    const socket = bench.open("1");
    await bench.advance(10_000);
    expect(looks).toBeGreaterThanOrEqual(9);
    expect(looks).toBeLessThanOrEqual(10);
    socket.end();
    expect(bench.runtime.wheel.size).toBe(0);
  });
});

it("of two servers on one account each sheds its own", async () => {
  const ledger = new Ledger();
  const [small, large] = [new Bench(200 * KIB, ledger), new Bench(10_000 * KIB, ledger)];
  small.open("small", 10 * KIB);
  large.open("large", 300 * KIB);
  await small.advance(100);
  expect([small.shed, large.shed]).toEqual([["small"], []]);
});

it("watches the account only while it has connections", () => {
  const ledger = new Ledger();
  let watchers = 0;
  const watch = ledger.watch.bind(ledger);
  ledger.watch = (watcher) => {
    watchers++;
    const end = watch(watcher);
    return () => {
      watchers--;
      end();
    };
  };
  const bench = new Bench(100 * KIB, ledger);
  const sockets = bench.openMany(3);
  expect(watchers).toBe(1);
  for (const socket of sockets) socket.end();
  expect(watchers).toBe(0);
});

it("leaves alone what it cannot bring down: others hold it", async () => {
  const ledger = new Ledger();
  const bench = new Bench(100 * KIB, ledger);
  bench.open("only one", 1);
  ledger.add(500 * KIB);
  await bench.advance(1000);
  expect([bench.shed, bench.runtime.wheel.size]).toEqual([["only one"], 0]);
});
