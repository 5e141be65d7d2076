/** Tools for tests: time and transports that a test holds in its hand. Needs Node.js. */
export * from "../testing/index.js";

// A Socket on a transport of your own: what the test tools are for.
export { openSocket, resolveSocketOptions } from "../socket/index.js";
export type { SocketSetup, Transport, TransportSink } from "../socket/index.js";
