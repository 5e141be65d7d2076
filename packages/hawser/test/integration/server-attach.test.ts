import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { RequestListener, Server as HttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createSecureServer } from "node:http2";
import { createServer as createNetServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { afterEach, expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import { createServer } from "../../src/server/index.js";
import type { Server, ServerOptions } from "../../src/server/index.js";
import { createVirtualRuntime } from "../../src/testing/index.js";
import { formatHandshake, RawClient } from "../support/raw-client.js";
import { addEcho, createMemoryLog, receiveClose, receiveText } from "../support/server-fixture.js";
import { testCertificate } from "../support/test-certificate.js";

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const answerPage: RequestListener = (request, response) => {
  if (request.url !== "/slow") response.end(`page ${request.url}`);
};

/** An HTTP server of somebody else, by default with pages, on a free port. */
async function startHttp(server: HttpServer = createHttpServer(answerPage)): Promise<HttpServer> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

function createHawser(options: ServerOptions = {}, prepare: (server: Server) => unknown = addEcho): Server {
  const server = createServer(options);
  prepare(server);
  ends.push(() => server.close({ timeoutMs: 1000, spreadMs: 0 }));
  return server;
}

const portOf = (server: HttpServer): number => (server.address() as AddressInfo).port; // it listens on TCP

async function connectRaw(server: HttpServer): Promise<RawClient> {
  const client = await RawClient.connect(portOf(server));
  ends.push(() => client.destroy());
  return client;
}

async function connectWs(server: HttpServer, path: string, scheme = "ws"): Promise<WebSocket> {
  const client = new WebSocket(`${scheme}://127.0.0.1:${portOf(server)}${path}`, { rejectUnauthorized: false });
  ends.push(() => client.terminate());
  await once(client, "open");
  return client;
}

async function echo(client: WebSocket, text: string): Promise<string> {
  client.send(text);
  return receiveText(client);
}

const fetchText = async (server: HttpServer, path: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${portOf(server)}${path}`)).text();

it("serves its services on an HTTP server whose pages stay what they were", async () => {
  const http = await startHttp();
  createHawser().attach(http);
  const client = await connectWs(http, "/echo");
  expect(await echo(client, "hello")).toBe("hello");
  expect(await fetchText(http, "/index")).toBe("page /index");
});

it("serves them on an HTTPS server", async () => {
  const seen = createDeferred<boolean>();
  const https = await startHttp(createHttpsServer(testCertificate, answerPage));
  const hawser = createHawser({}, (it) => {
    it.service("/echo", {
      admit: ({ secure }) => seen.resolve(secure),
      message: (socket, data) => void socket.post(data),
    });
  });
  hawser.attach(https);
  const client = await connectWs(https, "/echo", "wss");
  expect(await echo(client, "hello")).toBe("hello");
  expect(await seen.promise).toBe(true);
});

it("serves them on a server of HTTP/2 that allows HTTP/1.1", async () => {
  const http2 = createSecureServer({ ...testCertificate, allowHTTP1: true }, (_request, response) => {
    response.end("a page");
  });
  http2.listen(0, "127.0.0.1");
  await once(http2, "listening");
  ends.push(() => http2.close());
  createHawser().attach(http2);
  const { port } = http2.address() as AddressInfo; // it listens on TCP
  const client = new WebSocket(`wss://127.0.0.1:${port}/echo`, { rejectUnauthorized: false });
  ends.push(() => client.terminate());
  await once(client, "open");
  expect(await echo(client, "hello")).toBe("hello");
});

it("REL-B27 answers a path that nobody has by 404 and closes, when nobody listens beside it", async () => {
  const http = await startHttp();
  createHawser().attach(http);
  const client = await connectRaw(http);
  const { status, headers } = await client.send(formatHandshake({ target: "/nowhere" })).lastAnswer();
  expect(status).toBe(404);
  expect(headers.get("connection")).toBe("close");
});

it("leaves a path that it does not know to another listener", async () => {
  const http = await startHttp();
  const other = new WebSocketServer({ noServer: true });
  http.on("upgrade", (request, stream, head) => {
    if (request.url === "/other") other.handleUpgrade(request, stream, head, (socket) => socket.send("from the other"));
  });
  createHawser().attach(http);
  const client = new WebSocket(`ws://127.0.0.1:${portOf(http)}/other`);
  ends.push(() => client.terminate());
  expect(await receiveText(client)).toBe("from the other");
  expect(await echo(await connectWs(http, "/echo"), "ours")).toBe("ours");
});

it("REL-B27 answers 404 to what no listener has taken by the end of the handshake timeout", async () => {
  const { logger, entries } = createMemoryLog();
  const http = await startHttp();
  http.on("upgrade", () => {});
  createHawser({ logger, handshakeTimeoutMs: 50 }).attach(http);
  const client = await connectRaw(http);
  expect((await client.send(formatHandshake({ target: "/nowhere" })).lastAnswer()).status).toBe(404);
  expect(entries).toMatchObject([{ fields: { rule: "path-unknown", path: "/nowhere", remoteAddress: "127.0.0.1" } }]);
});

it("does not end what another listener has taken and not answered yet", async () => {
  const http = await startHttp();
  const runtime = createVirtualRuntime();
  createHawser({ runtime }).attach(http);
  const taken = createDeferred<Duplex>();
  http.on("upgrade", (_request, stream) => taken.resolve(stream.on("data", () => {})));
  const client = await connectRaw(http);
  client.send(formatHandshake({ target: "/theirs" }));
  const stream = await taken.promise;
  await runtime.clock.advance(60_000);
  stream.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  expect((await client.lastAnswer()).status).toBe(403);
});

it("has no say in what was left to others once it is detached", async () => {
  const http = await startHttp();
  const asked = createDeferred<Duplex>();
  http.on("upgrade", (_request, stream) => asked.resolve(stream));
  const runtime = createVirtualRuntime();
  const hawser = createHawser({ runtime });
  const attachment = hawser.attach(http);
  const client = await connectRaw(http);
  client.send(formatHandshake({ target: "/theirs" }));
  const stream = await asked.promise;
  attachment.detach();
  await runtime.clock.advance(60_000);
  expect(stream.writableEnded || stream.destroyed).toBe(false);
  stream.destroy();
  await client.closed();
  expect(runtime.wheel.size).toBe(0);
});

it("a reset of what was left to others ends nothing else", async () => {
  const http = await startHttp();
  const left = createDeferred<NodeJS.ReadableStream>();
  http.on("upgrade", (_request, stream) => left.resolve(stream));
  createHawser().attach(http);
  const client = await connectRaw(http);
  client.send(formatHandshake({ target: "/theirs" }));
  const stream = await left.promise;
  // `once` would listen for errors, too
  const closed = new Promise<void>((resolve) => void stream.on("close", resolve));
  stream.resume();
  client.socket.resetAndDestroy();
  await closed;
  expect(await echo(await connectWs(http, "/echo"), "still here")).toBe("still here");
});

it("does not touch a connection that a listener before it has taken or refused", async () => {
  const { logger, entries } = createMemoryLog();
  const http = await startHttp();
  const first = new WebSocketServer({ server: http, path: "/echo" });
  first.on("connection", (socket) => socket.send("from the first"));
  createHawser({ logger }).attach(http);
  const client = new WebSocket(`ws://127.0.0.1:${portOf(http)}/echo`);
  ends.push(() => client.terminate());
  expect(await receiveText(client)).toBe("from the first");
  const raw = await connectRaw(http);
  expect((await raw.send(formatHandshake({ target: "/nowhere" })).lastAnswer()).status).toBe(400);
  expect(entries).toEqual([]);
});

it("is not misled by somebody who counts the bytes of every connection", async () => {
  const http = await startHttp();
  let bytes = 0;
  http.on("connection", (stream) => stream.on("data", (chunk: Buffer) => (bytes += chunk.length)));
  http.on("upgrade", () => {});
  createHawser().attach(http);
  expect(await echo(await connectWs(http, "/echo"), "hello")).toBe("hello");
  expect(bytes).toBeGreaterThan(0);
});

it("shares an HTTP server with other Hawser servers: each has its paths, and the last answers 404", async () => {
  const logs = [createMemoryLog(), createMemoryLog()] as const;
  const http = await startHttp();
  createHawser({ logger: logs[0].logger }, (it) =>
    it.service("/one", { open: (socket) => void socket.post("one") }),
  ).attach(http);
  createHawser({ logger: logs[1].logger }, (it) =>
    it.service("/two", { open: (socket) => void socket.post("two") }),
  ).attach(http);
  for (const name of ["one", "two"]) {
    const client = new WebSocket(`ws://127.0.0.1:${portOf(http)}/${name}`);
    ends.push(() => client.terminate());
    expect(await receiveText(client)).toBe(name);
  }
  expect(http.listenerCount("upgrade")).toBe(1);
  const raw = await connectRaw(http);
  expect((await raw.send(formatHandshake({ target: "/nowhere" })).lastAnswer()).status).toBe(404);
  expect(logs.map(({ entries }) => entries.filter(({ fields }) => fields["rule"] === "path-unknown").length)).toEqual([
    0, 1,
  ]);
});

it("of two servers with the same path the first has it, until it closes", async () => {
  const http = await startHttp();
  const first = createHawser({}, (it) => it.service("/me", { open: (socket) => void socket.post("first") }));
  const second = createHawser({}, (it) => it.service("/me", { open: (socket) => void socket.post("second") }));
  first.attach(http);
  second.attach(http);
  const url = `ws://127.0.0.1:${portOf(http)}/me`;
  const early = await RawClient.connect(portOf(http));
  ends.push(() => early.destroy());
  early.send(formatHandshake({ target: "/me" }));
  await early.until(() => early.received.includes("first"));
  // it does not answer the Close, so that the first server is closing for as long as we like
  const closed = first.close({ timeoutMs: 1000 });
  const client = new WebSocket(url);
  ends.push(() => client.terminate());
  expect(await receiveText(client)).toBe("second");
  early.destroy();
  await closed;
});

it("closes its WebSockets and lets go of the HTTP server, which goes on", async () => {
  const http = await startHttp();
  const hawser = createHawser();
  hawser.attach(http);
  const close = receiveClose(await connectWs(http, "/echo"));
  await hawser.close();
  expect((await close).code).toBe(1001);
  expect(http.listenerCount("upgrade")).toBe(0);
  expect(http.listenerCount("request")).toBe(1);
  expect(await fetchText(http, "/index")).toBe("page /index");
});

it("answers 503 at its paths as long as it is closing", async () => {
  const http = await startHttp();
  const hawser = createHawser();
  hawser.attach(http);
  const open = await connectRaw(http);
  await open.send(formatHandshake()).answer();
  const closed = hawser.close({ timeoutMs: 1000 });
  const late = await connectRaw(http);
  expect((await late.send(formatHandshake()).lastAnswer()).status).toBe(503);
  open.destroy();
  await closed;
});

it("may be detached, and attached again", async () => {
  const http = await startHttp();
  const hawser = createHawser();
  const attachment = hawser.attach(http);
  expect(hawser.attach(http)).toBe(attachment);
  const client = await connectWs(http, "/echo");
  attachment.detach();
  attachment.detach();
  expect(http.listenerCount("upgrade")).toBe(0);
  expect(await echo(client, "still here")).toBe("still here");
  const again = hawser.attach(http);
  attachment.detach();
  expect(again).not.toBe(attachment);
  expect(hawser.attach(http)).toBe(again);
  expect(await echo(await connectWs(http, "/echo"), "back")).toBe("back");
});

it("listens by itself too, and is attached to several servers", async () => {
  const [one, two] = [await startHttp(), await startHttp()];
  const hawser = createHawser();
  hawser.attach(one);
  hawser.attach(two);
  expect(() => hawser.address()).toThrow("ask the HTTP server that it is attached to");
  expect(() => hawser.url).toThrow(expect.objectContaining({ code: "INVALID_STATE" }));
  await hawser.listen();
  const clients = [await connectWs(one, "/echo"), await connectWs(two, "/echo"), new WebSocket(`${hawser.url}/echo`)];
  await once(clients[2] ?? one, "open");
  expect(hawser.sockets.size).toBe(3);
  expect(await Promise.all(clients.map((client, index) => echo(client, `${index}`)))).toEqual(["0", "1", "2"]);
  await hawser.close();
});

it("refuses to be attached when it was closed", async () => {
  const hawser = createHawser();
  await hawser.close();
  expect(() => hawser.attach(createHttpServer())).toThrow(expect.objectContaining({ code: "INVALID_STATE" }));
});

it.each<[string, unknown]>([
  ["null", null],
  ["nothing", undefined],
  ["a port", 8080],
  ["an Express application", Object.assign(() => {}, { on: () => {}, listen: () => {} })],
  ["a server of node:net", createNetServer()],
])("refuses to be attached to %s", (_name, value) => {
  const hawser = createHawser();
  expect(() => hawser.attach(value as never)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("app.listen()") }),
  );
});

it("REL-B9 gives no 101 in front of the answer to an earlier request", async () => {
  const http = await startHttp();
  createHawser().attach(http);
  const client = await connectRaw(http);
  client.send(`GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n${formatHandshake()}`);
  await client.closed();
  expect(client.received.toString()).toBe("");
});

it("takes an upgrade on a connection that served a page before", async () => {
  const http = await startHttp();
  createHawser().attach(http);
  const client = await connectRaw(http);
  client.send("GET /index HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await client.until(() => client.received.includes("page /index"));
  client.send(formatHandshake());
  await client.until(() => client.received.includes("101 Switching"));
  expect(client.received.toString()).toMatch(/^HTTP\/1.1 200 OK/);
});

it.each([
  ["Node's own count", null, 2100],
  ["a count of the owner's", 64, 70],
  ["a count that is not reached", 64, 101],
])("REL-B5 refuses a request of which Node may have dropped headers by 431: %s", async (_name, max, count) => {
  const http = await startHttp(createHttpServer({ maxHeaderSize: 65_536 }, answerPage));
  http.maxHeadersCount = max;
  createHawser({ maxHeaders: Infinity, maxHeaderBytes: 65_536 }).attach(http);
  const lines = Array.from({ length: count }, (_, index) => `A${index}: b`);
  const client = await connectRaw(http);
  expect((await client.send(formatHandshake({ lines })).lastAnswer()).status).toBe(431);
});

it("REL-D5 counts connections by their address here too", async () => {
  const http = await startHttp();
  createHawser({ maxConnectionsPerAddress: 1, exempt: [] }).attach(http);
  await connectWs(http, "/echo");
  const client = await connectRaw(http);
  expect((await client.send(formatHandshake()).lastAnswer()).status).toBe(429);
});

it("warns of an HTTP server that gives slow requests all the time", async () => {
  const { logger, entries } = createMemoryLog();
  createHawser({ logger }).attach(await startHttp());
  expect(entries).toEqual([]);
  createHawser({ logger }).attach(await startHttp(createHttpServer({ headersTimeout: 0 }, answerPage)));
  expect(entries).toMatchObject([{ level: "warn", message: expect.stringContaining("headersTimeout") }]);
});

it("REL-E4 asks for the Host of a loopback address, as where it listens by itself", async () => {
  const http = await startHttp();
  createHawser().attach(http);
  const client = await connectRaw(http);
  expect((await client.send(formatHandshake({ headers: { Host: "evil.example" } })).lastAnswer()).status).toBe(403);
});

it("answers plain requests at its paths by handleRequest, and says of others that they are not its own", async () => {
  const hawser = createHawser({}, (it) => {
    addEcho(it);
    it.service("/healthz", {}, { onRequest: (_request, response) => void response.end("well") });
  });
  const http = await startHttp(
    createHttpServer((request, response) => {
      if (!hawser.handleRequest(request, response)) answerPage(request, response);
    }),
  );
  hawser.attach(http);
  expect(await fetchText(http, "/healthz")).toBe("well");
  expect(await fetchText(http, "/index")).toBe("page /index");
  const refused = await fetch(`http://127.0.0.1:${portOf(http)}/echo`);
  expect([refused.status, refused.headers.get("upgrade")]).toEqual([426, "websocket"]);
  await hawser.close();
  expect((await fetch(`http://127.0.0.1:${portOf(http)}/healthz`)).status).toBe(503);
});

it("leaves a request that offers another upgrade to the owner's pages, as it was without us", async () => {
  const http = await startHttp();
  createHawser().attach(http);
  const client = await connectRaw(http);
  client.send("GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n");
  const { status, rest } = await client.lastAnswer();
  expect({ status, rest: rest.toString() }).toEqual({ status: 200, rest: "page /a" });
});
