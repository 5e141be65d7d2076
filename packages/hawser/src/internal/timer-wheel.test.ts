import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/index.js";
import { TimerWheel, WheelTimer } from "./timer-wheel.js";

const TICK_MS = 20;
/** One turn of the wheel, in milliseconds. */
const TURN_MS = 512 * TICK_MS;

function createWheel(startMs = 0): {
  clock: VirtualClock;
  wheel: TimerWheel;
  fired: string[];
  timer: (name: string, action?: () => void) => WheelTimer;
} {
  const clock = new VirtualClock(startMs);
  const wheel = new TimerWheel(clock, TICK_MS);
  const fired: string[] = [];
  const timer = (name: string, action = (): void => {}): WheelTimer =>
    new WheelTimer(() => {
      fired.push(`${name} ${clock.now()}`);
      action();
    });
  return { clock, wheel, fired, timer };
}

describe("a timer wheel", () => {
  it.each([
    [0, 100, 100],
    [0, 101, 120],
    [7, 100, 120],
    [19, 1, 20],
    [5, 0, 20],
    [20, 0, 20],
    [5, -50, 20],
    [13, TURN_MS, TURN_MS + 20],
    [13, 3 * TURN_MS + 1, 3 * TURN_MS + 20],
  ])("started at %i fires a delay of %i at %i", async (startMs, delayMs, expectedAt) => {
    const { clock, wheel, fired, timer } = createWheel(startMs);
    wheel.arm(timer("a"), delayMs);
    await clock.advance(4 * TURN_MS);
    expect(fired).toEqual([`a ${expectedAt}`]);
    expect([wheel.size, clock.pending]).toEqual([0, 0]);
  });

  it("fires once for each time it is armed", async () => {
    const { clock, wheel, fired, timer } = createWheel();
    const only = timer("a");
    wheel.arm(only, 20);
    await clock.advance(100);
    wheel.arm(only, 20);
    await clock.advance(100);
    expect(fired).toEqual(["a 20", "a 120"]);
  });

  it("moves a timer that is armed again, later or earlier", async () => {
    const { clock, wheel, fired, timer } = createWheel();
    const [later, earlier] = [timer("later"), timer("earlier")];
    wheel.arm(later, 40);
    wheel.arm(later, 200);
    wheel.arm(earlier, 400);
    wheel.arm(earlier, 100);
    expect(wheel.size).toBe(2);
    await clock.advance(1000);
    expect(fired).toEqual(["earlier 100", "later 200"]);
  });

  it("does not fire what was cancelled, and leaves no call on the clock", async () => {
    const { clock, wheel, fired, timer } = createWheel();
    const only = timer("a");
    wheel.cancel(only);
    wheel.arm(only, 40);
    expect([only.armed, wheel.size, clock.pending]).toEqual([true, 1, 1]);
    wheel.cancel(only);
    wheel.cancel(only);
    expect([only.armed, wheel.size, clock.pending]).toEqual([false, 0, 0]);
    await clock.advance(100);
    expect(fired).toEqual([]);
  });

  it("only disarms for Infinity", async () => {
    const { clock, wheel, timer } = createWheel();
    const only = timer("a");
    wheel.arm(only, 40);
    wheel.arm(only, Infinity);
    expect([only.armed, wheel.size, clock.pending]).toEqual([false, 0, 0]);
  });

  it("keeps one call on the clock for any number of timers", () => {
    const { clock, wheel, timer } = createWheel();
    for (const delayMs of [500, 40, 300, 20 * TURN_MS, 60]) wheel.arm(timer("a"), delayMs);
    expect([wheel.size, clock.pending, clock.nextAt]).toEqual([5, 1, 40]);
  });

  it("serves timers of one slot in different turns apart", async () => {
    const { clock, wheel, fired, timer } = createWheel();
    wheel.arm(timer("third"), 100 + 2 * TURN_MS);
    wheel.arm(timer("first"), 100);
    wheel.arm(timer("second"), 100 + TURN_MS);
    await clock.advance(3 * TURN_MS);
    expect(fired).toEqual(["first 100", `second ${100 + TURN_MS}`, `third ${100 + 2 * TURN_MS}`]);
  });

  it("starts anew after long idleness", async () => {
    const { clock, wheel, fired, timer } = createWheel();
    wheel.arm(timer("a"), 20);
    await clock.advance(10 * TURN_MS + 3);
    wheel.arm(timer("b"), 20);
    await clock.advance(100);
    expect(fired).toEqual(["a 20", `b ${10 * TURN_MS + 40}`]);
  });

  it("looks at no slot twice after idle time, however long it was", async () => {
    const { clock, wheel, fired, timer } = createWheel(1e12);
    wheel.arm(timer("near"), 20);
    wheel.arm(timer("far"), 100);
    await clock.advance(20);
    expect(fired).toEqual([`near ${1e12 + 20}`]);
    await clock.advance(80);
    expect(fired.at(-1)).toBe(`far ${1e12 + 100}`);
  });

  it("starts anew after all were cancelled and time went on", async () => {
    const { clock, wheel, fired, timer } = createWheel();
    const first = timer("a");
    wheel.arm(first, 20);
    wheel.cancel(first);
    await clock.advance(10 * TURN_MS);
    wheel.arm(timer("b"), 20);
    await clock.advance(20);
    expect(fired).toEqual([`b ${10 * TURN_MS + 20}`]);
  });
});

describe("a callback of a timer wheel", () => {
  it("may arm itself again", async () => {
    const { clock, wheel, fired, timer } = createWheel();
    const beat: WheelTimer = timer("beat", () => wheel.arm(beat, 40));
    wheel.arm(beat, 40);
    await clock.advance(130);
    expect(fired).toEqual(["beat 40", "beat 80", "beat 120"]);
  });

  it("that arms for no delay is called at a later tick, not for ever", async () => {
    const { clock, wheel, fired, timer } = createWheel();
    const beat: WheelTimer = timer("beat", () => wheel.arm(beat, 0));
    wheel.arm(beat, 20);
    await clock.advance(60);
    expect(fired).toEqual(["beat 20", "beat 40", "beat 60"]);
  });

  it("may cancel and move others that are due with it", async () => {
    const { clock, wheel, fired, timer } = createWheel();
    const [cancelled, moved] = [timer("cancelled"), timer("moved")];
    wheel.arm(
      timer("first", () => {
        wheel.cancel(cancelled);
        wheel.arm(moved, 40);
      }),
      20,
    );
    wheel.arm(cancelled, 20);
    wheel.arm(moved, 20);
    wheel.arm(timer("last"), 20);
    await clock.advance(1000);
    expect(fired).toEqual(["first 20", "last 20", "moved 60"]);
    expect([wheel.size, clock.pending]).toEqual([0, 0]);
  });

  it("may cancel the last one that is left and arm another", async () => {
    const { clock, wheel, fired, timer } = createWheel();
    const [other, next] = [timer("other"), timer("next")];
    wheel.arm(
      timer("first", () => {
        wheel.cancel(other);
        wheel.arm(next, 20);
      }),
      20,
    );
    wheel.arm(other, 400);
    await clock.advance(1000);
    expect(fired).toEqual(["first 20", "next 40"]);
  });

  it("that throws keeps no other timer from firing", async () => {
    const { clock, wheel, fired, timer } = createWheel();
    const broken = timer("broken", () => {
      throw new Error("broken");
    });
    wheel.arm(broken, 20);
    wheel.arm(timer("same"), 20);
    wheel.arm(timer("later"), 60);
    await expect(clock.advance(100)).rejects.toThrow("broken");
    await clock.advance(100);
    wheel.arm(timer("new"), 20);
    await clock.advance(100);
    expect(fired).toEqual(["broken 20", "same 40", "later 60", "new 140"]);
    expect([wheel.size, clock.pending]).toEqual([0, 0]);
  });
});

/** A clock that was not looked at for a while: `stall` moves time without running anything. */
class StallingClock {
  time = 0;
  readonly #calls: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  schedule(run: () => void, delayMs: number): { cancel: () => void } {
    const call = { at: this.time + Math.max(0, delayMs), run };
    this.#calls.push(call);
    return { cancel: () => void this.#calls.splice(this.#calls.indexOf(call), 1) };
  }

  /** Moves time, then runs what is due, all of it late. */
  stall(ms: number): void {
    this.time += ms;
    for (let due = this.#due(); due >= 0; due = this.#due()) this.#calls.splice(due, 1)[0]?.run();
  }

  #due(): number {
    return this.#calls.findIndex(({ at }) => at <= this.time);
  }
}

describe("after a stall", () => {
  it.each([
    ["shorter than a turn", TURN_MS / 2],
    ["of one turn", TURN_MS],
    ["of many turns", 50 * TURN_MS + 7],
  ])("%s everything due fires at once, and the rest in time", (_name, stallMs) => {
    const clock = new StallingClock();
    const wheel = new TimerWheel(clock, TICK_MS);
    const fired: string[] = [];
    for (const delayMs of [20, 60, 1000, TURN_MS / 2 - 20]) {
      wheel.arm(new WheelTimer(() => fired.push(`${delayMs}`)), delayMs);
    }
    wheel.arm(new WheelTimer(() => fired.push("far")), stallMs + 500);
    clock.stall(stallMs);
    expect(fired.toSorted()).toEqual(["1000", "20", "5100", "60"]);
    clock.stall(480);
    expect(fired).toHaveLength(4);
    clock.stall(40);
    expect(fired.at(-1)).toBe("far");
  });

  it("of more than a turn a callback can still arm for no delay", () => {
    const clock = new StallingClock();
    const wheel = new TimerWheel(clock, TICK_MS);
    const fired: string[] = [];
    const next = new WheelTimer(() => fired.push(`next ${clock.now()}`));
    wheel.arm(new WheelTimer(() => wheel.arm(next, 0)), 6000);
    clock.stall(12_000);
    clock.stall(TICK_MS);
    expect(fired).toEqual([expect.stringMatching(/^next 120[02]0$/)]);
  });
});

it("fires every timer when a sorted list would, at most one tick late", async () => {
  const command = fc.oneof(
    fc.record({
      do: fc.constant("arm" as const),
      timer: fc.nat(9),
      delayMs: fc.oneof(fc.nat(100), fc.nat(3 * TURN_MS), fc.constant(Infinity)),
    }),
    fc.record({ do: fc.constant("cancel" as const), timer: fc.nat(9) }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.oneof(fc.nat(50), fc.nat(TURN_MS)) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(10_000), fc.array(command, { maxLength: 30 }), async (startMs, commands) => {
      const clock = new VirtualClock(startMs);
      const wheel = new TimerWheel(clock, TICK_MS);
      const deadlines = new Map<number, number>();
      const timers = Array.from({ length: 10 }, (_, index) => {
        return new WheelTimer(() => {
          const lateMs = clock.now() - (deadlines.get(index) ?? NaN);
          expect(lateMs).toBeGreaterThanOrEqual(0);
          expect(lateMs).toBeLessThanOrEqual(TICK_MS);
          deadlines.delete(index);
        });
      });
      for (const step of commands) {
        const timer = "timer" in step ? timers[step.timer] : undefined;
        if (step.do === "wait") {
          await clock.advance(step.ms);
        } else if (timer !== undefined) {
          deadlines.delete(step.timer);
          if (step.do === "cancel") wheel.cancel(timer);
          else wheel.arm(timer, step.delayMs);
          if (step.do === "arm" && step.delayMs < Infinity) deadlines.set(step.timer, clock.now() + step.delayMs);
        }
        expect(wheel.size).toBe(deadlines.size);
        for (const deadline of deadlines.values()) expect(deadline + TICK_MS).toBeGreaterThanOrEqual(clock.now());
      }
      await clock.advance(4 * TURN_MS);
      expect([wheel.size, deadlines.size, clock.pending]).toEqual([0, 0, 0]);
    }),
    { numRuns: 100 },
  );
});

describe("a process that stood still", () => {
  it("is told of once, with for how long, and not for a timer that is only a little late", () => {
    let now = 0;
    const calls: (() => void)[] = [];
    const clock = { now: () => now, schedule: (callback: () => void) => (calls.push(callback), { cancel() {} }) };
    const wheel = new TimerWheel(clock);
    const told: number[] = [];
    const end = wheel.watchStalls((ms) => told.push(ms));
    const timers = [new WheelTimer(() => {}), new WheelTimer(() => {})];
    const stall = (ms: number): void => {
      for (const timer of timers) wheel.arm(timer, 100);
      now += ms;
      calls.splice(0).at(-1)?.();
    };
    stall(1099);
    expect(told).toEqual([]);
    stall(5100);
    expect(told).toEqual([expect.closeTo(5000, -2)]);
    end();
    stall(9000);
    expect(told).toHaveLength(1);
  });
});
