// A server that answers every message with itself: Hawser's or that of `ws`, with what each does by default.
import { createServer as createHttpServer } from "node:http";
import { WebSocketServer } from "ws";
import { createServer } from "hawser/server";
import { answerCalls, measureMemory } from "./answer-calls.mjs";

const takeover = { serverNoContextTakeover: false, clientNoContextTakeover: false };

/** What is listened with, by the name of what is measured. */
const kinds = {
  "hawser without": () => listenHawser(false),
  "hawser, no takeover": () => listenHawser(true),
  "hawser, takeover, in 128 MiB": () => listenHawser(takeover),
  "hawser, takeover": () => listenHawser({ ...takeover, maxContextBytes: Infinity }),
  "ws without": () => listenWs(false),
  ws: () => listenWs(true),
};

let count;

answerCalls({
  listen: async ({ kind }) => ({ port: await kinds[kind]() }),
  /** Memory after a collection, and how many connections are open. */
  measure: () => {
    measureMemory();
    return { rss: measureMemory(), connections: count() };
  },
});

async function listenHawser(perMessageDeflate) {
  // nobody is closed while the other connections are made
  const server = createServer({ perMessageDeflate, heartbeat: false });
  const echo = server.service("/echo", { message: (socket, data) => void socket.post(data) });
  count = () => echo.sockets.size;
  return (await server.listen()).port;
}

async function listenWs(perMessageDeflate) {
  const http = createHttpServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate });
  server.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
  count = () => server.clients.size;
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  return http.address().port;
}
