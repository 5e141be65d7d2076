import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect as connectTcp } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import { createServer } from "../../src/server/index.js";
import { addEcho, connectRaw, createMemoryLog, startServer } from "../support/server-fixture.js";
import { formatHandshake, RawClient } from "../support/raw-client.js";
import { certificates } from "../support/tls-certificates.js";

// Connections that are no WebSockets: they must not outlive the server, nor keep its places.

/** Far beyond the time that a test has: closing must not take it. */
const NEVER_MS = 600_000;

const get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const offer = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

it("closes at once after a request that offered another upgrade was answered", async () => {
  const server = await startServer({ onRequest: (_request, response) => void response.end("page") });
  const client = await connectRaw(server);
  expect((await client.send(offer).lastAnswer()).status).toBe(200);
  await server.close({ timeoutMs: NEVER_MS });
  expect(server.state).toBe("closed");
});

it("tells the owner of an HTTP server when a request that offered another upgrade is over", async () => {
  const over = createDeferred<void>();
  const http = createHttpServer((_request, response) => void response.on("close", () => over.resolve()).end("page"));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(() => void http.close());
  createServer().attach(http);
  const client = await RawClient.connect((http.address() as AddressInfo).port);
  expect((await client.send(offer).lastAnswer()).status).toBe(200);
  await over.promise;
});

it("closes at once when a client left that had sent several requests and read no answer", async () => {
  const [came, go] = [createDeferred<void>(), createDeferred<void>()];
  let requests = 0;
  const server = await startServer({
    onRequest: async (request, response) => {
      if (++requests === 3) request.socket.once("close", () => came.resolve());
      if (requests === 3) client.destroy();
      await go.promise;
      response.end("page");
    },
  });
  const client = await connectRaw(server);
  client.send(get.repeat(3));
  await came.promise;
  go.resolve();
  await server.close({ timeoutMs: NEVER_MS });
  expect(server.state).toBe("closed");
});

it("does not wait for clients that have not made TLS when it closes", async () => {
  const server = await startServer({ tls: certificates.server, handshakeTimeoutMs: NEVER_MS });
  const client = connectTcp(server.address().port, "127.0.0.1").on("error", () => {});
  const closed = once(client, "close");
  await once(client, "connect");
  await server.close({ timeoutMs: NEVER_MS });
  await closed;
  expect(server.state).toBe("closed");
});

it("ends requests that nobody answers at the timeout, also one that offered another upgrade", async () => {
  const server = await startServer({ onRequest: (_request, response) => void response.write("more to come") });
  const clients = [(await connectRaw(server)).send(get), (await connectRaw(server)).send(offer)];
  await Promise.all(clients.map((client) => client.answer()));
  await server.close({ timeoutMs: 50 });
  await Promise.all(clients.map((client) => client.closed()));
  expect(server.state).toBe("closed");
});

it("ends the connection of a client that does not read its answer, and its place is free", async () => {
  const left = createDeferred<void>();
  const server = await startServer(
    {
      maxConnections: 1,
      writeTimeoutMs: 100,
      onRequest: (_request, response) => void response.on("close", () => left.resolve()).end(Buffer.alloc(32_000_000)),
    },
    addEcho,
  );
  const deaf = await connectRaw(server);
  deaf.socket.pause();
  deaf.send(get);
  await left.promise;
  const client = await connectRaw(server);
  expect((await client.send(formatHandshake()).answer()).status).toBe(101);
});

it("lets an answer take its time that has nothing to write", async () => {
  const [quiet, go] = [createDeferred<void>(), createDeferred<void>()];
  const server = await startServer({
    writeTimeoutMs: 50,
    onRequest: async ({ socket }, response) => {
      socket.once("timeout", () => quiet.resolve());
      response.write("a");
      await go.promise;
      response.end("b");
    },
  });
  const client = await connectRaw(server);
  client.send(`GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await quiet.promise;
  go.resolve();
  expect((await client.lastAnswer()).rest.toString()).toContain("b");
});

it("gives the body for a service's own onRequest as much time as the server's", async () => {
  const answered = createDeferred<number>();
  const server = await startServer({ handshakeTimeoutMs: 100 }, (it) => {
    it.service(
      "/upload",
      {},
      {
        onRequest: async (request, response) => {
          let bytes = 0;
          for await (const chunk of request) bytes += (chunk as Buffer).length;
          response.end(String(bytes));
          answered.resolve(bytes);
        },
      },
    );
  });
  const client = await connectRaw(server);
  client.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\na");
  // one that only waits is ended, as a sign that the time for a request's head is over
  const slow = (await connectRaw(server)).send("GET / HTTP/1.1\r\n");
  expect((await slow.lastAnswer()).status).toBe(408);
  client.send("b");
  expect((await client.answer()).status).toBe(200);
  expect(await answered.promise).toBe(2);
});

it("says nothing of a client that left: nobody has refused it", async () => {
  const { logger, entries } = createMemoryLog();
  const left = createDeferred<void>();
  const server = await startServer({
    logger,
    onRequest: ({ socket }, response) =>
      void response.end("page", () => void socket.once("close", () => left.resolve())),
  });
  const client = await connectRaw(server);
  await client.send(get).answer();
  client.socket.resetAndDestroy();
  await left.promise;
  expect({ entries, refused: server.stats().refused }).toEqual({ entries: [], refused: {} });
});

it("is not overloaded by connections that would make room", async () => {
  const server = await startServer({ maxConnections: 2 }, addEcho);
  const clients = [await connectRaw(server), await connectRaw(server)];
  expect(server.stats().isOverloaded).toBe(false);
  for (const client of clients) await client.send(formatHandshake()).answer();
  expect(server.stats().isOverloaded).toBe(true);
});

it("does not count a trusted proxy that names no client", async () => {
  const server = await startServer({ trustedProxies: ["127.0.0.1"], exempt: [], maxConnectionsPerAddress: 1 }, addEcho);
  const clients = [await connectRaw(server), await connectRaw(server)];
  const answers = await Promise.all(clients.map((client) => client.send(formatHandshake()).answer()));
  expect(answers.map(({ status }) => status)).toEqual([101, 101]);
});

it("cuts a client that sends requests without number and waits for no answer", async () => {
  const { logger, entries } = createMemoryLog();
  const left = createDeferred<void>();
  let requests = 0;
  const server = await startServer({
    logger,
    onRequest: ({ socket }) => {
      if (++requests === 1) socket.once("close", () => left.resolve());
      return new Promise(() => {});
    },
  });
  const client = await connectRaw(server);
  client.send(get.repeat(5000));
  await left.promise;
  expect(requests).toBe(100);
  expect(entries.map(({ fields }) => fields["rule"])).toEqual(["too-many-requests"]);
});

it("refuses a plain request with two Hosts (RFC 9112 §3.2)", async () => {
  const server = await startServer({ onRequest: (_request, response) => void response.end("page") });
  const client = await connectRaw(server);
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\nhost: example.com\r\n\r\n");
  expect((await client.answer()).status).toBe(400);
});

it("logs a fault of admit with the path and the client behind a trusted proxy", async () => {
  const { logger, entries } = createMemoryLog();
  const admit = (): never => {
    throw new Error("broken");
  };
  const server = await startServer({ logger, trustedProxies: ["127.0.0.1"] }, (it) => {
    it.service("/chat", { admit });
  });
  const client = await connectRaw(server);
  client.send(formatHandshake({ target: "/chat?token=1", headers: { "X-Forwarded-For": "192.0.2.7" } }));
  expect((await client.lastAnswer()).status).toBe(500);
  expect(entries).toEqual([
    expect.objectContaining({
      level: "error",
      fields: expect.objectContaining({ path: "/chat", remoteAddress: "192.0.2.7" }),
    }),
  ]);
});

it("does not listen while it drains, and says why", async () => {
  const server = createServer();
  const closed = server.close({ delayMs: 10 });
  await expect(server.listen()).rejects.toThrow(/was closed/);
  await closed;
});

it("says of a client that speaks TLS to a plain port what it does", async () => {
  const { logger, entries } = createMemoryLog();
  const server = await startServer({ logger });
  const client = await connectRaw(server);
  client.send(Uint8Array.of(0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00));
  expect((await client.lastAnswer()).status).toBe(400);
  expect(entries.map(({ fields }) => fields["rule"])).toEqual(["tls-on-plain-port"]);
});
