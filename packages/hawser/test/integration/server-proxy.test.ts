import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { connect, createServer as createNetServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import type { ClientOptions } from "ws";
import { afterEach, expect, it } from "vitest";
import type { HandshakeInfo } from "../../src/socket/index.js";
import type { Server, ServerOptions } from "../../src/server/index.js";
import { formatHandshake, RawClient } from "../support/raw-client.js";
import { startReverseProxy } from "../support/reverse-proxy.js";
import type { ReverseProxy, ReverseProxyOptions } from "../support/reverse-proxy.js";
import { createMemoryLog, receiveText, startServer } from "../support/server-fixture.js";

const ends: (() => unknown)[] = [];

afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

/** A server that tells each client, as its first message, who it takes it for. */
function startTeller(options: ServerOptions): Promise<Server> {
  return startServer({ hosts: ["example.com"], ...options }, (it) => {
    it.service("/who", (socket, info: HandshakeInfo) => {
      const { remoteAddress, secure } = info;
      socket.post(JSON.stringify({ remoteAddress, secure, same: socket.remoteAddress === remoteAddress }));
    });
  });
}

async function startProxy(options: ReverseProxyOptions): Promise<ReverseProxy> {
  const proxy = await startReverseProxy(options);
  ends.push(() => proxy.close());
  return proxy;
}

async function ask(url: string, options: ClientOptions = {}): Promise<unknown> {
  const client = new WebSocket(url, { localAddress: "127.0.0.5", rejectUnauthorized: false, ...options });
  ends.push(() => client.terminate());
  const refused = once(client, "unexpected-response") as Promise<[unknown, IncomingMessage]>;
  return Promise.race([
    receiveText(client).then((text): unknown => JSON.parse(text)),
    refused.then(([, { statusCode }]) => statusCode),
  ]);
}

it("sees the client behind a trusted proxy", async () => {
  const server = await startTeller({ trustedProxies: ["127.0.0.1"] });
  const proxy = await startProxy({ to: server.address().port });
  expect(await ask(`ws://127.0.0.1:${proxy.port}/who`, { headers: { Host: "example.com" } })).toEqual({
    remoteAddress: "127.0.0.5",
    secure: false,
    same: true,
  });
});

it("REL-B26 sees the proxy where it is not trusted", async () => {
  const server = await startTeller({});
  const proxy = await startProxy({ to: server.address().port });
  expect(await ask(`ws://127.0.0.1:${proxy.port}/who`)).toMatchObject({ remoteAddress: "127.0.0.1", secure: false });
});

it("REL-B26 believes a client no header, neither through a trusted proxy nor beside it", async () => {
  const server = await startTeller({ trustedProxies: ["127.0.0.1"] });
  const proxy = await startProxy({ to: server.address().port });
  const headers = { "X-Forwarded-For": "1.2.3.4, 127.0.0.1", "X-Forwarded-Proto": "https", Forwarded: "for=1.2.3.4" };
  const seen = { remoteAddress: "127.0.0.5", secure: false, same: true };
  expect(await ask(`ws://127.0.0.1:${proxy.port}/who`, { headers })).toEqual(seen);
  expect(await ask(`${server.url}/who`, { headers })).toEqual(seen);
});

it("sees the client behind two proxies, of which the outer one ends TLS", async () => {
  const server = await startTeller({ trustedProxies: ["127.0.0.1"] });
  const inner = await startProxy({ to: server.address().port });
  const outer = await startProxy({ to: inner.port, tls: true });
  const seen = await ask(`wss://127.0.0.1:${outer.port}/who`, { headers: { "X-Forwarded-For": "1.2.3.4" } });
  expect(seen).toMatchObject({ remoteAddress: "127.0.0.5" });
});

it("tells a client of wss from one of ws, though the proxy speaks plain HTTP", async () => {
  const server = await startTeller({ trustedProxies: ["127.0.0.1"] });
  const proxy = await startProxy({ to: server.address().port, tls: true });
  expect(await ask(`wss://127.0.0.1:${proxy.port}/who`)).toMatchObject({ secure: true });
});

it.each([
  ["https://example.com", "object"],
  ["https://example.com:443", "object"],
  ["http://example.com", "number"],
  ["https://evil.example", "number"],
])("REL-E1 compares the Origin %s with the host that the client asked the proxy for: %s", async (origin, answer) => {
  const server = await startTeller({ trustedProxies: ["127.0.0.1"] });
  const proxy = await startProxy({ to: server.address().port, tls: true, host: `127.0.0.1:${server.address().port}` });
  const options = { headers: { Host: "example.com", Origin: origin } };
  expect(typeof (await ask(`wss://127.0.0.1:${proxy.port}/who`, options))).toBe(answer);
});

it("REL-B26 takes no host from a proxy that is not trusted", async () => {
  const server = await startTeller({});
  const headers = { Host: "127.0.0.1", "X-Forwarded-Host": "example.com", Origin: "http://example.com" };
  expect(await ask(`${server.url}/who`, { headers })).toBe(403);
});

it("REL-E4 asks for a listed host, whichever header names it", async () => {
  const server = await startTeller({ trustedProxies: ["127.0.0.1"] });
  const proxy = await startProxy({ to: server.address().port, host: "localhost" });
  expect(await ask(`ws://127.0.0.1:${proxy.port}/who`, { headers: { Host: "evil.example" } })).toBe(403);
  const plain = await RawClient.connect(proxy.port);
  ends.push(() => plain.destroy());
  plain.send("GET /who HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
  expect((await plain.answer()).status).toBe(403);
  const listed = await fetch(`http://127.0.0.1:${proxy.port}/who`, { headers: { "X-Forwarded-Host": "evil.example" } });
  expect(listed.status).toBe(426); // the proxy's own word is the last
});

it("REL-D5 counts connections by the client, not by the proxy", async () => {
  const limits = { maxConnectionsPerAddress: 1, exempt: [] };
  const server = await startTeller({ ...limits, trustedProxies: ["127.0.0.1"] });
  const proxy = await startProxy({ to: server.address().port });
  const url = `ws://127.0.0.1:${proxy.port}/who`;
  expect(await ask(url)).toMatchObject({ remoteAddress: "127.0.0.5" });
  expect(await ask(url, { localAddress: "127.0.0.6" })).toMatchObject({ remoteAddress: "127.0.0.6" });
  expect(await ask(url, { headers: { "X-Forwarded-For": "127.0.0.7" } })).toBe(429);
});

it("logs a refusal with the address of the client, not of the proxy", async () => {
  const { logger, entries } = createMemoryLog();
  const server = await startTeller({ logger, trustedProxies: ["127.0.0.1"] });
  const proxy = await startProxy({ to: server.address().port });
  expect(await ask(`ws://127.0.0.1:${proxy.port}/nowhere`)).toBe(404);
  expect(entries).toMatchObject([{ fields: { rule: "path-unknown", remoteAddress: "127.0.0.5" } }]);
});

it("sees the client behind a proxy that comes by a Unix socket", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-"));
  ends.push(() => rmSync(folder, { recursive: true }));
  const server = await startTeller({ path: join(folder, "server.sock"), trustedProxies: ["unix"] });
  const proxy = await startProxy({ to: server.address().path ?? "" });
  expect(await ask(`ws://127.0.0.1:${proxy.port}/who`)).toMatchObject({ remoteAddress: "127.0.0.5" });
});

it.each([
  ["http://127.0.0.1:PORT/who", 400],
  ["http://localhost:PORT/who", 400],
  ["https://localhost/who", 101],
  ["ftp://localhost/who", 400],
  ["localhost:80", 400],
  ["//127.0.0.1:PORT/who", 404],
  ["http://localhost/who", 101],
])("REL-B26 connects to nobody for the target %s: it answers %i", async (target, status) => {
  let connections = 0;
  const victim = createNetServer(() => void connections++).listen(0, "127.0.0.1");
  await once(victim, "listening");
  ends.push(() => victim.close());
  const { port } = victim.address() as AddressInfo; // it listens on TCP
  const server = await startTeller({ trustedProxies: ["127.0.0.1"] });
  const client = await RawClient.connect(server.address().port);
  ends.push(() => client.destroy());
  client.send(formatHandshake({ target: target.replace("PORT", `${port}`) }));
  expect((await client.answer()).status).toBe(status);
  expect(connections).toBe(0);
});

it.each([
  ["http://127.0.0.1:PORT/page", 200],
  ["http://127.0.0.1:PORT/who", 426],
  ["http://localhost/page", 200],
])("REL-B26 connects to nobody for a plain request to %s: it answers %i itself", async (target, status) => {
  let connections = 0;
  const victim = createNetServer(() => void connections++).listen(0, "127.0.0.1");
  await once(victim, "listening");
  ends.push(() => victim.close());
  const { port } = victim.address() as AddressInfo; // it listens on TCP
  const server = await startTeller({ onRequest: (_request, response) => void response.end("page") });
  const client = await RawClient.connect(server.address().port);
  ends.push(() => client.destroy());
  client.send(`GET ${target.replace("PORT", `${port}`)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  expect((await client.answer()).status).toBe(status);
  expect(connections).toBe(0);
});

/**
 * A client of a proxy that passes everything on from the moment an upgrade was asked for, whatever the answer was: requests
 * that its rules would keep out go through, if the server reads on.
 */
async function connectByNaiveProxy(port: number): Promise<RawClient> {
  const proxy = createNetServer((client) => {
    const backend = connect({ port, host: "127.0.0.1" });
    backend.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.on("error", () => backend.destroy()).on("close", () => backend.destroy());
    client.pipe(backend).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  ends.push(() => proxy.close());
  const client = await RawClient.connect((proxy.address() as AddressInfo).port); // it listens on TCP
  ends.push(() => client.destroy());
  return client;
}

it.each([
  ["a version that nobody speaks", 426, { headers: { "Sec-WebSocket-Version": "777" } }],
  ["no version", 426, { headers: { "Sec-WebSocket-Version": undefined } }],
  ["no Upgrade header that means us", 426, { headers: { Upgrade: "other" } }],
  ["a key that is none", 400, { headers: { "Sec-WebSocket-Key": "x" } }],
  ["a path that nobody has", 404, { target: "/nowhere" }],
  ["a foreign Origin", 403, { headers: { Origin: "https://evil.example" } }],
])(
  "REL-B10 leaves no tunnel in a naive proxy behind %s: it answers %i and closes",
  async (_name, status, handshake) => {
    const asked: string[] = [];
    const server = await startServer({
      onRequest: (request, response) => void (asked.push(request.url ?? ""), response.end()),
    });
    const client = await connectByNaiveProxy(server.address().port);
    client.send(formatHandshake(handshake));
    const answer = await client.answer();
    client.send("GET /internal HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await client.closed();
    expect(answer.status).toBe(status);
    expect(answer.headers.get("connection")).toMatch(/^close\b/);
    expect(client.received.toString().match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(asked).toEqual([]);
  },
);
