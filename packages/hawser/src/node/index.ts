export { createNodeRuntime, defaultRuntime } from "./default-runtime.js";
export { createNodeBytes } from "./node-bytes.js";
export { realClock } from "./real-clock.js";
export { sha1 } from "./sha1.js";
export { StreamTransport } from "./stream-transport.js";
