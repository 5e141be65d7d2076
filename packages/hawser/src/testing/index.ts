export { VirtualClock } from "./virtual-clock.js";
export type { VirtualRuntime } from "./virtual-runtime.js";
export { createVirtualRuntime } from "./virtual-runtime.js";
export type { MemoryTransport, TransportCounters, TransportPairOptions } from "./memory-transport.js";
export { createTransportPair } from "./memory-transport.js";
export type { SeededRandom } from "./seeded-random.js";
export { createSeededRandom } from "./seeded-random.js";
export type { Split } from "./split.js";
export { randomSplit } from "./split.js";
