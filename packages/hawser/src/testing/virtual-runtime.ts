import { portableBytes } from "../internal/portable-bytes.js";
import type { Runtime } from "../socket/index.js";
import { createRuntime } from "../socket/index.js";
import { createSeededRandom } from "./seeded-random.js";
import { VirtualClock } from "./virtual-clock.js";

/** A runtime whose time stands still until a test moves it, and whose random bytes a seed repeats. */
export interface VirtualRuntime extends Runtime {
  readonly clock: VirtualClock;
}

/** Creates a runtime for tests: virtual time, portable bytes, seeded random, microtasks. Never for programs: its masks can be foreseen. */
export function createVirtualRuntime(clock: VirtualClock = new VirtualClock(), seed = 1): VirtualRuntime {
  const random = createSeededRandom(seed);
  const runtime = createRuntime({
    clock,
    bytes: portableBytes,
    random: (target) => random.fill(target),
    defer: queueMicrotask,
  });
  return { ...runtime, clock };
}
