import { describe, expect, it } from "vitest";
import { createVirtualRuntime } from "../../testing/index.js";
import { DescriptorGuard } from "./descriptor-guard.js";
import { guardLogger } from "../logs/logger.js";

function fail(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

/** A guard over a process that has so many descriptors free. */
function setUp(free: number) {
  const runtime = createVirtualRuntime();
  const state = { free, opened: 0, closed: 0, fault: "EMFILE", needed: true, shortages: 0, errors: 0 };
  const log = guardLogger({ debug() {}, info() {}, warn() {}, error: () => state.errors++ });
  const guard = new DescriptorGuard({
    runtime,
    log,
    isNeeded: () => state.needed,
    onShortage: () => state.shortages++,
    descriptors: {
      open: () => {
        if (state.free === 0) throw fail(state.fault);
        state.free--;
        return state.opened++;
      },
      close: () => {
        state.free++;
        state.closed++;
      },
    },
  });
  return { runtime, state, guard };
}

describe("REL-D7 with no descriptor left", () => {
  it("ends what can be spared every second, and tells it once in ten", async () => {
    const { runtime, state, guard } = setUp(1);
    guard.start();
    expect(state).toMatchObject({ free: 0, shortages: 0 });
    await runtime.clock.advance(9_100);
    expect(state).toMatchObject({ shortages: 9, errors: 1 });
    await runtime.clock.advance(3_000);
    expect(state).toMatchObject({ errors: 2 });
  });

  it("goes on by itself when there is one again", async () => {
    const { runtime, state, guard } = setUp(1);
    guard.start();
    await runtime.clock.advance(1_100);
    state.free = 5;
    await runtime.clock.advance(20_000);
    expect(state).toMatchObject({ shortages: 1, errors: 1, free: 5 });
  });

  it("gives its own up when accepting fails, and takes one again when there are some", async () => {
    const { runtime, state, guard } = setUp(1);
    guard.start();
    expect(guard.onAcceptError(fail("EMFILE"))).toBe(true);
    expect(state).toMatchObject({ free: 1, shortages: 1, errors: 1 });
    await runtime.clock.advance(1_100);
    expect(state).toMatchObject({ free: 0 });
  });
});

it("leaves errors of other kinds to others", () => {
  const { state, guard } = setUp(5);
  expect([guard.onAcceptError(fail("ECONNABORTED")), guard.onAcceptError(fail("ENFILE"))]).toEqual([false, true]);
  expect(state.errors).toBe(1);
});

it("takes a system without the file for one with descriptors", async () => {
  const { runtime, state, guard } = setUp(0);
  state.fault = "ENOENT";
  guard.start();
  await runtime.clock.advance(5_000);
  expect(state).toMatchObject({ shortages: 0, errors: 0 });
});

it("holds nothing and has no timer when no connection is left, and begins again with the next", async () => {
  const { runtime, state, guard } = setUp(5);
  guard.start();
  expect(state.free).toBe(4);
  state.needed = false;
  await runtime.clock.advance(1_100);
  expect({ free: state.free, timers: runtime.wheel.size }).toEqual({ free: 5, timers: 0 });
  state.needed = true;
  guard.start();
  expect({ free: state.free, timers: runtime.wheel.size }).toEqual({ free: 4, timers: 1 });
  guard.stop();
  guard.start();
  expect({ free: state.free, timers: runtime.wheel.size }).toEqual({ free: 5, timers: 0 });
});
