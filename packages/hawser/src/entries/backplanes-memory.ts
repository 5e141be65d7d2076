/** Joins the gateways of one process. Runs in Node.js. */
export { createMemoryBackplane } from "../backplanes/memory.js";
export type { Backplane, BackplaneNode, BackplaneSink, Durability } from "../gateway/backplane.js";
