// A server in a process with few file descriptors.
import { closeSync, openSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer } from "hawser/server";
import { answerCalls } from "./answer-calls.mjs";

let server;
let errors = 0;
let shortage = false;

answerCalls({
  /** `unlimited`: as many connections as the system gives. */
  async listen({ unlimited }) {
    const ignore = () => {};
    const logger = { debug: ignore, info: ignore, warn: ignore, error: () => errors++ };
    server = createServer({ logger, handshakeTimeoutMs: 3000, ...(unlimited && { maxConnections: Infinity }) });
    server.service("/", { message: (socket, data) => void socket.post(data) });
    const { port } = await server.listen();
    // what the application would see: can it open a file?
    setInterval(() => (shortage ||= !canOpen()), 20).unref();
    return port;
  },
  /** How busy the event loop is in a time in which nothing happens but attempts to connect. */
  async measureIdle({ ms }) {
    const before = performance.eventLoopUtilization();
    await sleep(ms);
    return performance.eventLoopUtilization(before).utilization;
  },
  counts: () => ({ errors, shortage, sockets: server.sockets.size }),
});

function canOpen() {
  try {
    closeSync(openSync("/dev/null", "r"));
    return true;
  } catch {
    return false;
  }
}
