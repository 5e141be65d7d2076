import fc from "fast-check";
import { expect, it } from "vitest";
import { VirtualClock } from "./virtual-clock.js";

it("runs due calls in the order of their times, then of their age", async () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name} at ${clock.now()}`);
  clock.schedule(note("b"), 20);
  clock.schedule(note("a"), 10);
  clock.schedule(note("c"), 20);
  clock.schedule(note("late"), 31);
  await clock.advance(30);
  expect(ran).toEqual(["a at 10", "b at 20", "c at 20"]);
  expect({ now: clock.now(), pending: clock.pending, nextAt: clock.nextAt }).toEqual({
    now: 30,
    pending: 1,
    nextAt: 31,
  });
});

it("runs calls scheduled while it advances when they are due", async () => {
  const clock = new VirtualClock(1000);
  const ran: number[] = [];
  clock.schedule(() => clock.schedule(() => ran.push(clock.now()), 5), 10);
  await clock.advance(15);
  expect(ran).toEqual([1015]);
});

it("lets long chains of promises run out between two calls", async () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  const chain = async (): Promise<void> => {
    for (let step = 0; step < 100; step++) await Promise.resolve();
    ran.push("chain");
  };
  clock.schedule(() => void chain(), 10);
  clock.schedule(() => ran.push("next"), 10);
  await clock.advance(10);
  expect(ran).toEqual(["chain", "next"]);
});

it("does not run what was cancelled, also between equal times", async () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.schedule(() => second.cancel(), 10);
  const second = clock.schedule(() => ran.push("second"), 10);
  await clock.advance(10);
  second.cancel();
  expect({ ran, pending: clock.pending }).toEqual({ ran: [], pending: 0 });
});

it("treats a negative delay as none and never runs at Infinity", async () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.schedule(() => ran.push("now"), -5);
  clock.schedule(() => ran.push("never"), Infinity);
  await clock.advance(1e9);
  expect({ ran, pending: clock.pending }).toEqual({ ran: ["now"], pending: 1 });
});

it("rejects with what a callback throws and can go on", async () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.schedule(() => {
    throw new Error("broken");
  }, 10);
  clock.schedule(() => ran.push("next"), 20);
  await expect(clock.advance(30)).rejects.toThrow("broken");
  expect(clock.now()).toBe(10);
  await clock.advance(10);
  expect(ran).toEqual(["next"]);
});

it("refuses to advance twice at once or backwards", async () => {
  const clock = new VirtualClock();
  const first = clock.advance(10);
  await expect(clock.advance(10)).rejects.toMatchObject({ code: "INVALID_STATE" });
  await first;
  await expect(clock.advance(-1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(clock.advance(Infinity)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

it("runs any calls sorted by time, equal ones as they came", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 20 }), async (delays) => {
      const clock = new VirtualClock();
      const ran: (readonly [number, number])[] = [];
      const planned = delays.map((delay, index) => [delay, index] as const);
      for (const [delay, index] of planned) clock.schedule(() => ran.push([clock.now(), index]), delay);
      await clock.advance(5);
      expect(ran).toEqual(planned.toSorted(([a], [b]) => a - b));
    }),
    { numRuns: 50 },
  );
});
