import { randomFillSync } from "node:crypto";
import { createRuntime } from "../socket/index.js";
import type { DeflatePort } from "../protocol/index.js";
import type { Runtime } from "../socket/index.js";
import { createNodeBytes } from "./node-bytes.js";
import { realClock } from "./real-clock.js";
import { createResourceReadings } from "./resource-readings.js";
import { createZlibDeflate } from "./zlib-deflate.js";

let runtime: Runtime | undefined;
let deflatePort: DeflatePort | undefined;

/** The runtime of this process, made when it is first asked for: what every connection shares that is given no other. */
export function defaultRuntime(): Runtime {
  runtime ??= createNodeRuntime();
  return runtime;
}

/** The compressor of this process, made when it is first asked for. */
export function defaultDeflatePort(): DeflatePort {
  deflatePort ??= createZlibDeflate();
  return deflatePort;
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
