import { expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import { createServer } from "../../src/server/index.js";
import { formatHandshake } from "../support/raw-client.js";
import { connectRaw, connectWs, receiveClose, startServer } from "../support/server-fixture.js";

it("tells every connection 1001 and settles when all are over", async () => {
  const server = await startServer();
  const clients = [await connectWs(server, "/echo"), await connectWs(server, "/echo")];
  const closes = clients.map(receiveClose);
  await server.close({ reason: "maintenance" });
  expect(server.sockets.size).toBe(0);
  expect(await Promise.all(closes)).toEqual([
    { code: 1001, reason: "maintenance" },
    { code: 1001, reason: "maintenance" },
  ]);
});

it("tells 1012 when it restarts", async () => {
  const server = await startServer();
  const close = receiveClose(await connectWs(server, "/echo"));
  await server.close({ code: 1012 });
  expect((await close).code).toBe(1012);
});

it("aborts at the timeout what does not answer", async () => {
  const server = await startServer();
  const client = await connectRaw(server);
  await client.send(formatHandshake()).answer();
  const [socket] = server.sockets;
  await server.close({ timeoutMs: 100 });
  expect((await socket?.closed)?.clean).toBe(false);
  await client.closed();
});

it("spreads the closes", async () => {
  const server = await startServer();
  const clients = await Promise.all(Array.from({ length: 10 }, () => connectWs(server, "/echo")));
  const times: number[] = [];
  const closes = clients.map((client) => receiveClose(client).then(() => times.push(performance.now())));
  await server.close({ spreadMs: 200 });
  await Promise.all(closes);
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(100);
});

it("answers the same promise when closed again, and refuses to listen", async () => {
  const server = await startServer();
  const first = server.close();
  expect(server.close()).toBe(first);
  await first;
  await expect(server.listen()).rejects.toMatchObject({ code: "INVALID_STATE" });
});

it("closes before it listened, and while it begins to", async () => {
  await createServer().close();
  const server = createServer();
  const listening = server.listen();
  await server.close();
  const { port } = await listening;
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow("fetch failed");
});

it("is not held up by connections that never asked for anything", async () => {
  const server = await startServer();
  const idle = await connectRaw(server);
  const half = await connectRaw(server);
  half.send("GET /echo HTTP/1.1\r\n");
  await connectWs(server, "/echo");
  await server.close();
  await Promise.all([idle.closed(), half.closed()]);
  expect(Buffer.concat([idle.received, half.received])).toHaveLength(0);
});

it("lets a plain request that is being answered finish", async () => {
  const asked = createDeferred<() => void>();
  const server = await startServer({ onRequest: (_request, response) => asked.resolve(() => response.end("done")) });
  const answer = fetch(server.url.replace("ws", "http")).then((response) => response.text());
  const finish = await asked.promise;
  const closed = server.close();
  finish();
  expect(await answer).toBe("done");
  await closed;
});

it("answers 503 to an upgrade on a connection from before", async () => {
  const asked = createDeferred<() => void>();
  const server = await startServer({ onRequest: (_request, response) => asked.resolve(() => response.end("done")) });
  const client = await connectRaw(server);
  const other = await connectRaw(server);
  other.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const finish = await asked.promise;
  client.send("GET /echo HTTP/1.1\r\nHost: loc");
  await new Promise<void>((resolve) => client.socket.write("al", () => resolve()));
  const closed = server.close();
  client.send(`host\r\n${formatHandshake().split("\r\n").slice(2).join("\r\n")}`);
  expect((await client.lastAnswer()).status).toBe(503);
  finish();
  await closed;
});

it("is disposed of by `await using`", async () => {
  const server = await startServer();
  const close = receiveClose(await connectWs(server, "/echo"));
  await server[Symbol.asyncDispose]();
  expect((await close).code).toBe(1001);
});

it("tells its address and URL", async () => {
  const server = createServer();
  expect(() => server.address()).toThrow(expect.objectContaining({ code: "INVALID_STATE" }));
  const address = await server.listen();
  expect(address).toEqual({ host: "127.0.0.1", port: expect.any(Number), path: null });
  expect(server.address()).toBe(address);
  expect(server.url).toBe(`ws://127.0.0.1:${address.port}`);
  await expect(server.listen()).rejects.toMatchObject({ code: "INVALID_STATE" });
  await server.close();
});

it("says what to do when the port is taken", async () => {
  const { port } = (await startServer()).address();
  const second = createServer({ port });
  await expect(second.listen()).rejects.toMatchObject({
    code: "LISTEN_FAILED",
    facts: { code: "EADDRINUSE", host: "127.0.0.1", port },
    message: expect.stringContaining("choose another port"),
  });
  await second.close();
});

it("says what to do when the address is not the machine's", async () => {
  const server = createServer({ host: "203.0.113.1" });
  await expect(server.listen()).rejects.toMatchObject({ facts: { code: "EADDRNOTAVAIL" } });
});

it.each([
  [{ timeoutMs: 0 }, "timeoutMs"],
  [{ spreadMs: -1 }, "spreadMs"],
  [{ code: 1005 }, "code"],
  [{ reason: "x".repeat(124) }, "reason"],
  [{ timeout: 1 } as object, "timeoutMs"],
])("refuses to close with %j", (options, name) => {
  const server = createServer();
  expect(() => server.close(options)).toThrow(name);
});
