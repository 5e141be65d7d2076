import { randomFillSync } from "node:crypto";
import { createRuntime } from "../socket/index.js";
import type { DeflatePort } from "../protocol/index.js";
import type { Runtime } from "../socket/index.js";
import { createNodeBytes } from "./node-bytes.js";
import { realClock } from "./real-clock.js";
import { createResourceReadings } from "./resource-readings.js";
import { createZlibDeflate } from "./zlib-deflate.js";
import type { ZlibDeflateOptions } from "./zlib-deflate.js";
import { ZlibPool } from "./zlib-pool.js";

let runtime: Runtime | undefined;

/** The compressors that belong to a runtime; here, as a runtime of another platform has none. */
const pools = new WeakMap<Runtime, ZlibPool>();

/** The runtime of this process, made when it is first asked for: what every connection shares that is given no other. */
export function defaultRuntime(): Runtime {
  runtime ??= createNodeRuntime();
  return runtime;
}

/** A compressor over the contexts of `owner`, whose ledger knows what they take. */
export function createDeflatePort(owner: Runtime, options: Omit<ZlibDeflateOptions, "pool"> = {}): DeflatePort {
  let pool = pools.get(owner);
  if (pool === undefined) {
    pool = new ZlibPool({ ledger: owner.ledger });
    pools.set(owner, pool);
  }
  return createZlibDeflate({ ...options, pool });
}

/** A runtime of its own, with Node's clock, bytes and random source. */
export function createNodeRuntime(): Runtime {
  return createRuntime({
    clock: realClock,
    bytes: createNodeBytes(),
    random: (target) => void randomFillSync(target),
    defer: queueMicrotask,
    resources: createResourceReadings(),
  });
}
