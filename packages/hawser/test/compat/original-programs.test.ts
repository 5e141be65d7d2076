// What the original systems' programs do, done from the outside: a real server, real clients, and the closing of each.
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { createClient } from "../../src/entries/client-node.js";
import type { Client, ClientClose } from "../../src/entries/client-node.js";
import { connect, WebSocketAdapter } from "../../src/entries/socket.js";
import { createServer } from "../../src/entries/server.js";
import type { CloseReport, Message, Server, Socket } from "../../src/entries/server.js";
import { startGateway } from "../support/gateway-fixture.js";
import { connectWs, receiveClose, receiveText, startServer } from "../support/server-fixture.js";
import { testCertificate } from "../support/test-certificate.js";

const text = async (socket: Socket): Promise<string> => String(await socket.receive());

it("the trading gateway and its client", async () => {
  const authenticate = (data: unknown) => {
    const { username, password } = data as { username: string; password: string };
    return password === "mF123456" ? { id: username } : null;
  };
  const { gateway, server } = await startGateway({ authenticate }, (it) =>
    it.action("addOrder", {}, (order) => ({ order_id: "860", order })),
  );
  const client = await connectWs(server, "/gateway");
  const ask = async (message: object): Promise<unknown> => {
    client.send(JSON.stringify(message));
    return JSON.parse(await receiveText(client)) as unknown;
  };
  const login = (pid: string, password: string) => ({
    pid,
    action: "login",
    data: { username: "mft", password, type: 1 },
  });

  expect(await ask(login("p-1", "wrong"))).toMatchObject({ pid: "p-1", actionAck: "login", status: 0 });
  expect(await ask(login("p-2", "mF123456"))).toMatchObject({ pid: "p-2", actionAck: "login", status: 1 });
  expect(await ask({ pid: "p-3", action: "addOrder", data: { symbol: "LLG" } })).toEqual({
    pid: "p-3",
    actionAck: "addOrder",
    status: 1,
    data: { order_id: "860", order: { symbol: "LLG" } },
  });
  const deal = receiveText(client);
  await gateway.send({ user: "mft" }, "addDeal", { external_order_id: "860", external_volume: "100.0" });
  expect(JSON.parse(await deal)).toEqual({
    actionAck: "addDeal",
    status: 1,
    data: { external_order_id: "860", external_volume: "100.0" },
  });

  // the client closes; then the server does, for another one
  client.close(1000, "");
  expect(await receiveClose(client)).toEqual({ code: 1000, reason: "" });
  await expect.poll(() => gateway.stats().connections).toBe(0);
  const other = await connectWs(server, "/gateway");
  const closed = receiveClose(other);
  await server.close({ code: 1000, reason: "Socket Close", timeoutMs: 5000, spreadMs: 0 });
  expect(await closed).toEqual({ code: 1000, reason: "Socket Close" });
});

it("the actor client", async () => {
  const messages: string[] = [];
  const sockets: Socket[] = [];
  const server = await startServer({}, (it) =>
    it.service("/", {
      open: (socket) => void sockets.push(socket),
      message: (socket, data) => (messages.push(String(data)), socket.post(data) ? undefined : socket.drained()),
    }),
  );
  const client = createClient(`${server.url}/`, {
    envelope: "none",
    reconnect: { mode: "fixed", initialDelayMs: 20 },
  });
  onTestFinished(() => client.disconnect());
  const told: string[] = [];
  const codes: number[] = [];
  client.on("open", () => void told.push("opened"));
  client.on("message", ({ message }) => void told.push(`message ${message as string}`)); // the server sends nothing but text
  client.on("close", ({ code }) => void (told.push("closed"), codes.push(code)));

  // commands from anywhere are carried out one after the other, and what is sent before there is a connection waits
  await Promise.all([client.connect(), client.connect(), client.send("one"), client.send("two")]);
  await expect.poll(() => told).toEqual(["opened", "message one", "message two"]);

  // the connection is lost: the client comes back by itself
  sockets[0]?.abort("the network is gone");
  await expect.poll(() => told.slice(3)).toEqual(["closed", "opened"]);
  await client.send("three");
  await expect.poll(() => told.at(-1)).toBe("message three");
  expect(messages).toEqual(["one", "two", "three"]);

  // an explicit close wins, is clean on both sides, and is told once
  await client.disconnect(1000, "done");
  expect([client.state, told.slice(-1), codes]).toEqual(["disconnected", ["closed"], [1006, 1000]]);
  expect(await sockets[1]?.closed).toMatchObject({ clean: true, code: 1000, initiator: "remote" });
  expect(sockets).toHaveLength(2);
});

it("the notes on message and stream sockets", async () => {
  const server = await startServer({ protocols: ["chat"] }, (it) => {
    it.service("/chat", { message: (socket, data) => void socket.post(data) });
    it.service(
      "/stream",
      async (socket) => {
        for (let stream = await socket.receiveStream(); stream !== null; stream = await socket.receiveStream()) {
          await socket.sendStream(stream, { type: stream.type });
        }
      },
      { mode: "stream" },
    );
  });
  // the loop of the console chat: a line, its answer, until "exit"
  const chat = await connect(`${server.url}/chat`, { protocols: ["chat"] });
  expect(chat.protocol).toBe("chat");
  for (const line of ["hello", "", "ё漢字😀"]) {
    await chat.send(line);
    expect(await text(chat)).toBe(line);
  }
  expect(await chat.close(1000, "exit")).toMatchObject({ clean: true, code: 1000, initiator: "local" });
  expect(chat.state).toBe("closed");

  // a message that is written and read in parts
  const stream = await connect(`${server.url}/stream`, { mode: "stream" });
  const parts = [new Uint8Array(70_000).fill(1), new Uint8Array(5).fill(2)];
  const [, incoming] = await Promise.all([stream.sendStream(parts), stream.receiveStream()]);
  expect(incoming?.type).toBe("binary");
  expect(await incoming?.collect()).toEqual(Uint8Array.from(Buffer.concat(parts)));
  expect(await stream.close(1000)).toMatchObject({ clean: true });

  // events, as other libraries have them
  const events: string[] = [];
  const eventful = new WebSocketAdapter(await connect(`${server.url}/chat`));
  eventful.addEventListener("message", (event) => {
    events.push(String((event as MessageEvent).data));
    eventful.close(1000);
  });
  const over = new Promise((resolve) => eventful.addEventListener("close", resolve));
  eventful.send("event");
  expect(await over).toMatchObject({ code: 1000, wasClean: true });
  expect(events).toEqual(["event"]);
});

it("the heartbeat client and server", async () => {
  const heartbeat = { mode: "text", intervalMs: 50, timeoutMs: 30_000 } as const;
  const reports: CloseReport[] = [];
  const start = async (port = 0): Promise<Server> => {
    const server = createServer({ port, tls: testCertificate, heartbeat });
    server.service("/", {
      message: (socket, data) => void socket.post(`received ${String(data)}`),
      close: (_socket, report) => void reports.push(report),
    });
    await server.listen();
    onTestFinished(() => server.close({ timeoutMs: 1000, spreadMs: 0 }));
    return server;
  };
  let server = await start();
  const { port } = server.address();

  // a plain client that answers Ping with Pong and sends its own, as the original does, with a self-signed certificate
  const plain = new WebSocket(`wss://localhost:${port}/`, { rejectUnauthorized: false });
  onTestFinished(() => plain.terminate());
  const got: string[] = [];
  plain.on("message", (data: Buffer) => {
    got.push(data.toString());
    if (got.at(-1) === "Ping") plain.send("Pong");
  });
  await once(plain, "open");
  await expect.poll(() => got).toContain("Ping");
  plain.send("Ping");
  await expect.poll(() => got).toContain("Pong");
  plain.send("hello");
  await expect.poll(() => got).toContain("received hello");
  // heartbeats are no messages of the application
  expect(got.filter((line) => line.startsWith("received"))).toEqual(["received hello"]);

  // our client, which comes back after the same delay each time, through a restart of the server
  const closes: ClientClose[] = [];
  const client: Client = createClient(`wss://localhost:${port}/`, {
    envelope: "none",
    reconnect: { mode: "fixed", initialDelayMs: 50 },
    heartbeat: { intervalMs: 50, timeoutMs: 30_000 },
    node: { ca: testCertificate.cert },
  });
  onTestFinished(() => client.disconnect());
  const answers: unknown[] = [];
  client.on("message", ({ message }) => void answers.push(message));
  client.on("close", (close) => void closes.push(close));
  await client.connect();
  await client.send("before");
  await expect.poll(() => answers).toContain("received before");

  const plainClosed = receiveClose(plain);
  await server.close({ code: 1001, reason: "Closing", timeoutMs: 5000, spreadMs: 0 });
  expect(await plainClosed).toEqual({ code: 1001, reason: "Closing" });
  server = await start(port);
  await expect.poll(() => client.state, { timeout: 10_000 }).toBe("open");
  await client.send("after");
  await expect.poll(() => answers).toContain("received after");
  expect(closes[0]).toMatchObject({ code: 1001 });
  await client.disconnect(1000, "Closing");
  await expect.poll(() => reports.at(-1)).toMatchObject({ clean: true, code: 1000, reason: "Closing" });
});

it("the multi-client server with its page", async () => {
  const page = "<!doctype html><title>WebSocket Demo</title>";
  const server = await startServer({}, (it) =>
    it.service(
      "/",
      { message: (socket: Socket, data: Message) => void socket.post(data) },
      {
        onRequest: (_request, response) =>
          void response.setHeader("content-type", "text/html; charset=utf-8").end(page),
      },
    ),
  );
  const response = await fetch(`${server.url.replace("ws:", "http:")}/`, { headers: { accept: "text/html" } });
  expect([response.status, await response.text()]).toEqual([200, page]);

  const clients = await Promise.all(Array.from({ length: 20 }, () => connectWs(server, "/")));
  const echoes = clients.map(receiveText);
  clients.forEach((client, i) => client.send(`echo ${i}`));
  expect(await Promise.all(echoes)).toEqual(clients.map((_, i) => `echo ${i}`));
  const times = clients.map(receiveText);
  expect(server.broadcast("Server time: now")).toBe(20);
  expect(new Set(await Promise.all(times))).toEqual(new Set(["Server time: now"]));

  // one disconnects, the others stay; then the server stops and tells each of them
  const [first, ...others] = clients;
  if (first === undefined) throw new Error("there is no client");
  first.close(1000, "");
  expect(await receiveClose(first)).toEqual({ code: 1000, reason: "" });
  await expect.poll(() => server.stats().connections).toBe(19);
  const closes = others.map(receiveClose);
  await server.close({ code: 1000, timeoutMs: 5000, spreadMs: 0 });
  expect(new Set((await Promise.all(closes)).map(({ code }) => code))).toEqual(new Set([1000]));
  await expect(fetch(`${server.url.replace("ws:", "http:")}/`)).rejects.toThrow("fetch failed");
});
