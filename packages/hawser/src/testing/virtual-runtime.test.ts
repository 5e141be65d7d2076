import { expect, it } from "vitest";
import { WheelTimer } from "../internal/timer-wheel.js";
import { createSeededRandom } from "./seeded-random.js";
import { VirtualClock } from "./virtual-clock.js";
import { createVirtualRuntime } from "./virtual-runtime.js";

it("keeps its timers on the clock that it was given", async () => {
  const clock = new VirtualClock(5);
  const runtime = createVirtualRuntime(clock);
  const fired: number[] = [];
  runtime.wheel.arm(new WheelTimer(() => fired.push(clock.now())), 100);
  await runtime.clock.advance(100);
  expect(fired).toEqual([]);
  await runtime.clock.advance(20);
  expect(fired).toEqual([120]);
});

it("repeats the random bytes of a seed, and no other's", () => {
  const bytes = (seed: number) => {
    const target = new Uint8Array(16);
    createVirtualRuntime(new VirtualClock(), seed).random(target);
    return [...target];
  };
  expect(bytes(7)).toEqual(bytes(7));
  expect(bytes(7)).not.toEqual(bytes(8));
});

it("draws every number below the limit", () => {
  const random = createSeededRandom(1);
  const drawn = new Set(Array.from({ length: 1000 }, () => random.below(10)));
  expect(drawn).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
});
