import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Faults } from "./fault-proxy-options.js";
import { DirectionPump } from "./fault-proxy-direction.js";
import { VirtualClock } from "./virtual-clock.js";

interface Lab {
  readonly pump: DirectionPump;
  readonly clock: VirtualClock;
  readonly log: string[];
  /** What the receiver got. */
  readonly output: () => string;
  /** Whether the receiver takes more. */
  full: boolean;
}

function createLab(faults: Faults = {}, seed = 1): Lab {
  const clock = new VirtualClock();
  const log: string[] = [];
  const lab: Lab = {
    clock,
    log,
    full: false,
    output: () =>
      log
        .filter((line) => line.startsWith("<"))
        .join("")
        .replaceAll(/[<>]/g, ""),
    pump: new DirectionPump({
      clock,
      seed,
      nextTurn: (callback) => void clock.schedule(callback, 0),
      write: (bytes) => (log.push(`<${Buffer.from(bytes).toString("latin1")}>`), !lab.full),
      end: () => log.push("end"),
      setReading: (reading) => log.push(reading ? "read" : "pause"),
      cut: (how) => (log.push(how), lab.pump.stop()),
      run: (action) => action(),
    }),
  };
  lab.pump.set(faults);
  lab.pump.start();
  log.length = 0;
  return lab;
}

const text = (value: string): Uint8Array => Buffer.from(value, "latin1");

describe("a direction of the fault proxy", () => {
  it("passes on what comes and the end behind it, without faults", () => {
    const { pump, log } = createLab();
    pump.receive(text("abc"));
    pump.receive(text("d"));
    pump.receiveEnd();
    expect(log).toEqual(["<abc>", "<d>", "end"]);
    expect({ received: pump.receivedBytes, passed: pump.passedBytes, dropped: pump.droppedBytes }).toEqual({
      received: 4,
      passed: 4,
      dropped: 0,
    });
  });

  it("keeps everything until the receiver is there, and reads only then", () => {
    const log: string[] = [];
    const pump = new DirectionPump({
      clock: new VirtualClock(),
      seed: 1,
      nextTurn: () => {},
      write: (bytes) => (log.push(`<${Buffer.from(bytes).toString()}>`), true),
      end: () => log.push("end"),
      setReading: (reading) => log.push(reading ? "read" : "pause"),
      cut: () => {},
      run: (action) => action(),
    });
    pump.receive(text("early"));
    expect(log).toEqual([]);
    pump.start();
    expect(log).toEqual(["<early>", "read"]);
  });

  it("holds each piece for a fixed time, in order", async () => {
    const { pump, clock, log } = createLab({ delayMs: 100 });
    pump.receive(text("a"));
    await clock.advance(60);
    pump.receive(text("b"));
    pump.receiveEnd();
    await clock.advance(39);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toEqual(["<a>"]);
    await clock.advance(60);
    expect(log).toEqual(["<a>", "<b>", "end"]);
  });

  it("holds pieces for random times within bounds, and in order", async () => {
    const { pump, clock, output } = createLab({ delayMs: [10, 20] });
    for (const piece of "abcdefgh") pump.receive(text(piece));
    await clock.advance(9);
    expect(output()).toBe("");
    await clock.advance(11);
    expect(output()).toBe("abcdefgh");
  });

  it("cuts into pieces of a size, a turn each", async () => {
    const { pump, clock, log } = createLab({ split: 2 });
    pump.receive(text("abcde"));
    expect(log).toEqual(["<ab>"]);
    await clock.advance(0);
    expect(log).toEqual(["<ab>", "<cd>", "<e>"]);
  });

  it("cuts at random at the same places, however the bytes came", async () => {
    const bytes = "x".repeat(20_000);
    const cutsOf = async (sizes: readonly number[]): Promise<Set<number>> => {
      const { pump, clock, log } = createLab({ split: "random" }, 5);
      let at = 0;
      for (const size of [...sizes, bytes.length]) {
        pump.receive(text(bytes.slice(at, at + size)));
        at += size;
      }
      await clock.advance(0);
      let passed = 0;
      return new Set(log.filter((line) => line.startsWith("<")).map((line) => (passed += line.length - 2)));
    };
    const whole = await cutsOf([]);
    const pieces = await cutsOf([1, 999, 7000]);
    expect(whole.size).toBeGreaterThan(20);
    expect([...whole].filter((cut) => !pieces.has(cut))).toEqual([]);
    expect([...pieces].filter((cut) => !whole.has(cut) && ![1, 1000, 8000].includes(cut))).toEqual([]);
  });

  it("passes on no more bytes a second than allowed", async () => {
    const { pump, clock } = createLab({ bytesPerSecond: 1000 });
    pump.receive(new Uint8Array(5000));
    await clock.advance(1000);
    expect(pump.passedBytes).toBeGreaterThanOrEqual(1000);
    expect(pump.passedBytes).toBeLessThanOrEqual(1020);
    await clock.advance(4000);
    expect(pump.passedBytes).toBe(5000);
  });

  it("passes on nothing and reads nothing while it is stalled", () => {
    const { pump, log } = createLab();
    pump.set({ stalled: true });
    pump.receive(text("abc"));
    expect(log).toEqual(["pause"]);
    pump.set({});
    expect(log).toEqual(["pause", "<abc>", "read"]);
  });

  it("stops reading while it holds enough, and goes on when the receiver has taken it", () => {
    const lab = createLab();
    lab.full = true;
    lab.pump.receive(new Uint8Array(1));
    lab.log.length = 0;
    lab.pump.receive(new Uint8Array(262_143));
    expect(lab.log).toEqual([]);
    lab.pump.receive(new Uint8Array(1));
    expect(lab.log).toEqual(["pause"]);
    lab.full = false;
    lab.pump.onDrain();
    expect(lab.log.at(-1)).toBe("read");
    expect(lab.pump.passedBytes).toBe(262_145);
  });

  it("drops everything while it is silent, the end too, and what was held", () => {
    const { pump, log } = createLab({ delayMs: 10 });
    pump.receive(text("held"));
    pump.set({ silent: true });
    pump.receive(text("lost"));
    pump.receiveEnd();
    pump.set({});
    pump.receive(text("after"));
    expect(log).toEqual(["<after>"]);
    expect(pump.droppedBytes).toBe(8);
  });

  it("changes the bytes at the places named, and no others", () => {
    const { pump, output } = createLab({ corruptAt: [0, 5] });
    pump.receive(text("abc"));
    pump.receive(text("def"));
    const changed = Array.from("abcdef", (letter, at) => output()[at] !== letter);
    expect(changed).toEqual([true, false, false, false, false, true]);
    expect(pump.corruptedBytes).toBe(2);
  });

  it("changes one byte in so many, at the same places for the same seed", () => {
    const damage = (sizes: readonly number[]): string => {
      const { pump, output } = createLab({ corruptOneIn: 100 }, 9);
      for (const size of sizes) pump.receive(text("x".repeat(size)));
      return output();
    };
    const whole = damage([10_000]);
    expect(damage([1, 4999, 5000])).toBe(whole);
    const changed = whole.replaceAll("x", "").length;
    expect(changed).toBeGreaterThan(50);
    expect(changed).toBeLessThan(200);
  });

  it.each(["reset", "close"] as const)("cuts behind so many bytes, by %s", (cutBy) => {
    const { pump, log } = createLab({ cutAfterBytes: 4, cutBy });
    pump.receive(text("abc"));
    expect(log).toEqual(["<abc>"]);
    pump.receive(text("def"));
    expect(log).toEqual(["<abc>", "<d>", cutBy]);
  });

  it("cuts before the first byte", () => {
    const { pump, log } = createLab();
    pump.set({ cutAfterBytes: 0 });
    expect(log).toEqual(["reset"]);
  });

  it("calls at a number of bytes, and does what that sets from the next byte", () => {
    const { pump, log } = createLab();
    pump.at(2, () => (log.push(`at ${pump.passedBytes}`), pump.set({ stalled: true })));
    pump.receive(text("abcd"));
    expect(log).toEqual(["<ab>", "at 2", "pause"]);
    pump.at(1, () => log.push("late"));
    expect(log.at(-1)).toBe("late");
  });

  it("tells when so many bytes have passed, or that they never will", async () => {
    const { pump } = createLab();
    const first = pump.passed(3);
    const never = pump.passed(5);
    pump.receive(text("abc"));
    await first;
    await pump.passed(2);
    pump.stop();
    await expect(never).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    await expect(pump.passed(9)).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  });

  it("has no timer and passes nothing on once it is stopped", async () => {
    const { pump, clock, log } = createLab({ delayMs: 10 });
    pump.receive(text("abc"));
    pump.stop();
    expect(clock.pending).toBe(0);
    pump.receive(text("d"));
    await clock.advance(20);
    expect(log).toEqual([]);
  });

  it("loses, doubles and changes nothing by delays, cuts, rates and stalls", async () => {
    const faults = fc.record(
      {
        delayMs: fc.oneof(fc.nat(50), fc.constant([0, 30] as const)),
        split: fc.constantFrom("random" as const, 1, 7, [1, 5000]),
        bytesPerSecond: fc.integer({ min: 1000, max: 1_000_000 }),
        stalled: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const step = fc.oneof(faults, fc.uint8Array({ maxLength: 300 }), fc.nat(40));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(), async (steps, seed) => {
        const { pump, clock, log, output } = createLab({}, seed);
        let sent = "";
        for (const part of steps) {
          if (typeof part === "number") await clock.advance(part);
          else if (part instanceof Uint8Array) {
            sent += Buffer.from(part).toString("latin1").replaceAll(/[<>]/g, ".");
            pump.receive(text(Buffer.from(part).toString("latin1").replaceAll(/[<>]/g, ".")));
          } else pump.set(part);
        }
        pump.receiveEnd();
        pump.set({});
        await clock.advance(100);
        expect(output()).toBe(sent);
        expect(log.filter((line) => line === "end")).toEqual(["end"]);
      }),
      { numRuns: 60 },
    );
  });
});

describe("faults", () => {
  it.each([
    [{ delay: 5 }, /did you mean delayMs/],
    [{ delayMs: -1 }, /^delayMs is -1: expected a number of at least 0/],
    [{ delayMs: [5, 1] }, /^delayMs is 1: expected a number of at least 5/],
    [{ bytesPerSecond: 0 }, /^bytesPerSecond is 0/],
    [{ corruptOneIn: 1.5 }, /^corruptOneIn is 1.5: expected a whole number of at least 1/],
    [{ corruptAt: [-1] }, /^corruptAt is -1/],
    [{ cutAfterBytes: "5" }, /^cutAfterBytes is of type string/],
    [{ cutBy: "axe" }, /^cutBy is axe: expected "reset" or "close"/],
  ])("of %j are refused", (faults, message) => {
    const { pump } = createLab();
    const call = (): void => pump.set(faults as Faults); // a caller without types
    expect(call).toThrow(message);
    expect(pump.faults).toEqual({});
  });
});
