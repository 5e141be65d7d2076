// The servers of the fault lab: two that are well, and some that are not.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { createGateway } from "hawser/gateway";
import { createServer } from "hawser/server";
import { WebSocketServer } from "ws";

const certificates = JSON.parse(readFileSync(new URL("../support/tls-certificates.json", import.meta.url), "utf8"));

/** Of the authority that the clients know. */
export const trustedAuthority = certificates.ca;
export const serverCertificate = certificates.server;
export const otherCertificate = certificates.wrongHost;

/** A gateway of ours. */
export function createOurServer(tls) {
  const sockets = new Set();
  let gateway;
  let server;
  return {
    name: "ours",
    envelope: "gateway",
    start: async () => {
      // a login whose answer is cut off leaves a session without a connection behind
      gateway = createGateway({ authenticate: ({ user }) => ({ id: user }), limits: { maxSessionsPerUser: 10_000 } });
      gateway.channel("news");
      gateway.action("echo", {}, (data) => data);
      gateway.action("publish-news", {}, (data) => gateway.publish("news", data));
      server = createServer({ host: "127.0.0.1", ...(tls && { tls }) });
      server.service("/", watch(gateway, sockets));
      await server.listen();
      return server.address().port;
    },
    stop: async () => {
      await server?.close({ spreadMs: 0, timeoutMs: 200 });
      await gateway?.close();
    },
    sendAway: () => {
      for (const socket of sockets) void socket.close(1012);
    },
  };
}

/** The gateway, and its sockets in a set. */
function watch(gateway, sockets) {
  return {
    defaults: gateway.defaults,
    admit: (info) => gateway.admit(info),
    open: (socket) => {
      sockets.add(socket);
      return gateway.open(socket);
    },
    message: (socket, data) => gateway.message(socket, data),
    close: (socket, report) => {
      sockets.delete(socket);
      return gateway.close(socket, report);
    },
  };
}

/** As much of one as a client needs, with the `ws` package. */
export function createWsServer(tls) {
  let http;
  let server;
  return {
    name: "ws",
    envelope: "gateway",
    start: async () => {
      http = tls ? createHttpsServer(tls) : createHttpServer();
      server = new WebSocketServer({ server: http });
      server.on("connection", (socket) => {
        socket.on("error", () => {});
        socket.on("message", (data) => answer(decode(data), (message) => socket.send(message)));
      });
      http.listen(0, "127.0.0.1");
      await once(http, "listening");
      return http.address().port;
    },
    stop: async () => {
      for (const socket of server?.clients ?? []) socket.terminate();
      http?.close();
      http?.closeAllConnections();
    },
    sendAway: () => {
      for (const socket of server.clients) socket.close(1012);
    },
  };
}

/** A message of ws, as it comes by default: a Buffer. */
function decode(data) {
  return new TextDecoder().decode(data);
}

/** As much of docs/PROTOCOL.md as a client of the lab needs. */
function answer(text, send) {
  if (text === "Ping") return send("Pong");
  if (!text.startsWith("{")) return undefined;
  const { pid, action, channel, data } = JSON.parse(text);
  const reply = (rest) => send(JSON.stringify({ pid, actionAck: action, status: 1, ...rest }));
  switch (action) {
    case "login":
      reply({ data: { user: data.user }, session: "s1", resume: "r1" });
      return undefined;
    case "subscribe":
      reply({ channel });
      return undefined;
    case "publish-news":
      reply({});
      send(JSON.stringify({ actionAck: "message", status: 1, channel: "news", data }));
      return undefined;
    default:
      reply({ data });
      return undefined;
  }
}

/** A server that never accepts: `answer` says how. Settles with its port. */
export async function startBadServer({ tls, status, retryAfter, badAccept, garbage }) {
  const server = garbage ? createTcpServer((socket) => answerGarbage(socket)) : createBadHttpServer(tls);
  const open = new Set();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
  });
  server.on("upgrade", (_request, socket) => {
    socket.on("error", () => {});
    if (badAccept) socket.write(formatSwitch());
    else socket.end(formatRefusal(status ?? 500, retryAfter));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function createBadHttpServer(tls) {
  return tls ? createHttpsServer(tls).on("tlsClientError", () => {}) : createHttpServer();
}

function answerGarbage(socket) {
  socket.on("data", () => socket.end("220 mail.example.com ESMTP\r\n"));
}

function formatSwitch() {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
}

function formatRefusal(status, retryAfter) {
  const wait = retryAfter === undefined ? "" : `Retry-After: ${retryAfter}\r\n`;
  return `HTTP/1.1 ${status} No\r\n${wait}Content-Length: 2\r\nConnection: close\r\n\r\nno`;
}
