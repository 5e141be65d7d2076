// Rows D5 and D6, and half-open connections, on a real server. Each holds with its limit on, and is exceeded with it off.
import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { describe, expect, it } from "vitest";
import type { Server, ServerOptions } from "../../src/server/index.js";
import { createVirtualRuntime } from "../../src/testing/index.js";
import { connectRaw, createMemoryLog, startServer } from "../support/server-fixture.js";
import { formatHandshake } from "../support/raw-client.js";
import type { RawAnswer, RawClient } from "../support/raw-client.js";
import { testCertificate } from "../support/test-certificate.js";

/** The statuses that so many clients get, one after the other; each keeps its connection. */
async function openMany(
  server: Server,
  count: number,
  from?: string,
): Promise<{ statuses: number[]; clients: RawClient[] }> {
  const statuses: number[] = [];
  const clients: RawClient[] = [];
  for (let i = 0; i < count; i++) {
    // oxlint-disable-next-line no-await-in-loop -- in order
    const { client, answer } = await openOne(server, from);
    statuses.push(answer.status);
    clients.push(client);
  }
  return { statuses, clients };
}

async function openOne(server: Server, from?: string): Promise<{ client: RawClient; answer: RawAnswer }> {
  const client = await connectRaw(server);
  const headers = from === undefined ? {} : { "X-Forwarded-For": from };
  client.send(formatHandshake({ headers }));
  return { client, answer: await client.answer() };
}

/** Waits until the server has seen that these are gone. */
async function leave(server: Server, clients: readonly RawClient[], left: number): Promise<void> {
  for (const client of clients) client.destroy();
  await expect.poll(() => server.sockets.size).toBe(left);
}

describe("REL-D6 maxConnections", () => {
  it.each([
    [5, [101, 101, 101, 101, 101, 503, 503]],
    [Infinity, [101, 101, 101, 101, 101, 101, 101]],
  ])("of %d answers 503 to what is beyond", async (maxConnections, expected) => {
    const server = await startServer({ maxConnections });
    const { statuses } = await openMany(server, 7);
    expect(statuses).toEqual(expected);
  });

  it("says when to come again, and lets in as many as have left", async () => {
    const server = await startServer({ maxConnections: 3 });
    const { clients } = await openMany(server, 3);
    const { answer } = await openOne(server);
    expect([answer.status, Number(answer.headers.get("retry-after")) >= 5]).toEqual([503, true]);
    await leave(server, clients.slice(0, 2), 1);
    expect((await openMany(server, 3)).statuses).toEqual([101, 101, 503]);
  });

  it("counts what ended in every way no more", async () => {
    const server = await startServer({ maxConnections: 4, handshakeTimeoutMs: 200 });
    const ends = ["", formatHandshake({ target: "/nowhere" }), "BREW / HTCPCP/1.0\r\n\r\n"].map(async (text) => {
      const client = await connectRaw(server);
      client.send(text);
      await client.closed();
    });
    const reset = await connectRaw(server);
    reset.send(formatHandshake()).socket.resetAndDestroy();
    await Promise.all(ends);
    expect((await openMany(server, 5)).statuses).toEqual([101, 101, 101, 101, 503]);
  });

  it("answers who asks for its health, and does not keep the connection", async () => {
    const onRequest: ServerOptions["onRequest"] = (_request, response) => void response.end("well");
    const server = await startServer({ maxConnections: 1, onRequest });
    await openMany(server, 1);
    const client = await connectRaw(server);
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const answer = await client.lastAnswer();
    expect([answer.status, answer.headers.get("connection")]).toEqual([200, "close"]);
  });

  it("drops unread what is far beyond, and tells it once", async () => {
    const { logger, entries } = createMemoryLog();
    const server = await startServer({ maxConnections: 1, logger });
    await openMany(server, 1);
    const flood = await Promise.all(Array.from({ length: 30 }, () => connectRaw(server)));
    await expect.poll(() => flood.filter((client) => client.socket.destroyed).length).toBe(14);
    expect(entries.filter(({ level }) => level === "warn")).toMatchObject([
      { message: "more connections than allowed: some were dropped unread" },
    ]);
  });
});

describe("half-open connections", () => {
  it.each([
    ["plain", {}],
    ["of TLS", { tls: testCertificate }],
  ] as const)("%s cannot keep a full server: they make room", async (_kind, options) => {
    const runtime = createVirtualRuntime();
    const server = await startServer({ ...options, maxConnections: 3, runtime });
    const silent = await Promise.all(Array.from({ length: 3 }, () => connectRaw(server)));
    // connections are accepted in order: the silent ones are in when this one is answered
    expect(await askOnce(server)).toBe("HTTP/1.1 503");
    await runtime.clock.advance(1000);
    expect(await askOnce(server)).toBe("HTTP/1.1 101");
    expect(silent.filter((client) => client.socket.destroyed)).toHaveLength(1);
  });
});

/** How a handshake is answered, whatever the server speaks below it. The connection ends with the answer. */
async function askOnce(server: Server): Promise<string> {
  const place = { port: server.address().port, host: "127.0.0.1" };
  const socket = server.url.startsWith("wss:") ? connectTls({ ...place, rejectUnauthorized: false }) : connect(place);
  socket.write(formatHandshake());
  const [data] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return data.toString("latin1").slice(0, 12);
}

describe("REL-D5 maxConnectionsPerAddress", () => {
  it.each([
    [2, [101, 101, 429]],
    [Infinity, [101, 101, 101]],
  ])("of %d answers 429 to what is beyond", async (maxConnectionsPerAddress, expected) => {
    const server = await startServer({ maxConnectionsPerAddress, exempt: [] });
    expect((await openMany(server, 3)).statuses).toEqual(expected);
  });

  it("says when to come again, and lets in who comes when another has left", async () => {
    const server = await startServer({ maxConnectionsPerAddress: 1, exempt: [] });
    const { clients } = await openMany(server, 1);
    const { answer, client } = await openOne(server);
    expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
    await client.closed();
    await leave(server, clients, 0);
    await expect.poll(async () => (await openOne(server)).answer.status).toBe(101);
  });

  it("leaves loopback out by default", async () => {
    const server = await startServer({ maxConnectionsPerAddress: 1 });
    expect((await openMany(server, 3)).statuses).toEqual([101, 101, 101]);
  });

  it("counts the clients of a trusted proxy, an IPv6 one by its /64", async () => {
    const server = await startServer({ maxConnectionsPerAddress: 1, exempt: [], trustedProxies: ["127.0.0.1"] });
    const addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"];
    const statuses: number[] = [];
    for (const address of addresses) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      statuses.push(...(await openMany(server, 1, address)).statuses);
    }
    expect(statuses).toEqual([101, 101, 429, 101, 429, 101]);
  });
});

describe("maxOpeningsPerSecond", () => {
  it.each([
    [2, [101, 101, 101, 101, 503, 503]],
    [Infinity, [101, 101, 101, 101, 101, 101]],
  ])("of %d answers 503 to what is over it and its burst", async (maxOpeningsPerSecond, expected) => {
    const runtime = createVirtualRuntime();
    const server = await startServer({ maxOpeningsPerSecond, runtime });
    expect((await openMany(server, 6)).statuses).toEqual(expected);
    await runtime.clock.advance(1000);
    expect((await openMany(server, 2)).statuses).toEqual([101, 101]);
  });
});
