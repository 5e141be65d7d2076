// A server of sessions that are logged in and idle, and what to lay beside it. Everything is as by default.
import { writeHeapSnapshot } from "node:v8";
import { WebSocketServer } from "ws";
import { createGateway } from "hawser/gateway";
import { createServer } from "hawser/server";
import { answerCalls } from "./answer-calls.mjs";

/** What is listened with, by the name of what is measured. */
const kinds = {
  async "hawser sessions"() {
    const gateway = createGateway({ authenticate: ({ name }) => ({ id: name }) });
    count = () => gateway.stats().sessions;
    return listenHawser(gateway);
  },
  "hawser connections": () => listenHawser({}),
  async "ws connections"() {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 4096 });
    server.on("connection", (socket) => socket.on("error", () => {}));
    count = () => server.clients.size;
    await new Promise((resolve) => server.once("listening", resolve));
    return server.address().port;
  },
};

let count;

answerCalls({
  listen: async ({ kind }) => ({ port: await kinds[kind]() }),
  /** Memory after a collection, and how many are there. */
  measure() {
    for (let times = 0; times < 3; times++) globalThis.gc();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heap: heapUsed, external, count: count() };
  },
  /** For whoever looks for the bytes. */
  snapshot: ({ file }) => writeHeapSnapshot(file),
});

async function listenHawser(service) {
  const server = createServer();
  server.service("/gateway", service);
  count ??= () => server.sockets.size;
  return (await server.listen()).port;
}
