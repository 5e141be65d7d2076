/** Tools for tests: time and transports that a test holds in its hand. Needs Node.js. */
export * from "../testing/index.js";
