import { once } from "node:events";
import { expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import type { HawserError } from "../../src/internal/errors.js";
import type { Socket } from "../../src/socket/index.js";
import { formatHandshake } from "../support/raw-client.js";
import { connectRaw, connectWs, receiveText, startServer } from "../support/server-fixture.js";

it("reaches every open socket of the service, and of the server", async () => {
  const server = await startServer({}, () => {});
  const one = server.service("/one", {});
  server.service("/two", {});
  const clients = [await connectWs(server, "/one"), await connectWs(server, "/one"), await connectWs(server, "/two")];
  const first = clients.slice(0, 2).map(receiveText);
  expect(one.broadcast("to one")).toBe(2);
  expect(await Promise.all(first)).toEqual(["to one", "to one"]);
  const all = clients.map(receiveText);
  expect(server.broadcast(new Uint8Array([0x68, 0x69]))).toBe(3);
  expect(await Promise.all(all)).toEqual(["hi", "hi", "hi"]);
});

it("keeps the order with what is sent directly", async () => {
  const server = await startServer({}, () => {});
  const service = server.service("/one", {});
  const client = await connectWs(server, "/one");
  const received: string[] = [];
  client.on("message", (data: Buffer) => void received.push(data.toString()));
  const [socket] = service.sockets;
  socket?.post("1");
  service.broadcast("2");
  socket?.post("3");
  service.broadcast("4");
  await once(client, "message");
  socket?.post("end");
  await new Promise<void>((resolve) => {
    client.on("message", (data: Buffer) => data.toString() === "end" && resolve());
  });
  expect(received).toEqual(["1", "2", "3", "4", "end"]);
});

it("leaves out those excepted and those filtered", async () => {
  const server = await startServer({}, () => {});
  const service = server.service("/:name", { admit: (request) => ({ data: request.params.name }) });
  await connectWs(server, "/a");
  await connectWs(server, "/b");
  await connectWs(server, "/c");
  const [a] = service.sockets;
  expect(service.broadcast("x", { except: a ?? [] })).toBe(2);
  expect(service.broadcast("x", { except: [...service.sockets].slice(0, 2) })).toBe(1);
  expect(service.broadcast("x", { filter: (socket) => socket.data !== "c" })).toBe(2);
});

it("sends nothing when the filter throws", async () => {
  const server = await startServer({}, () => {});
  const service = server.service("/one", {});
  const client = await connectWs(server, "/one");
  await connectWs(server, "/one");
  let asked = 0;
  const filter = (): boolean => {
    if (++asked === 2) throw new Error("broken");
    return true;
  };
  expect(() => service.broadcast("never", { filter })).toThrow("broken");
  const next = receiveText(client);
  service.broadcast("next");
  expect(await next).toBe("next");
});

it("leaves out a socket whose queue is full, and tells its error handler", async () => {
  const error = createDeferred<[Socket, HawserError]>();
  const server = await startServer({ maxQueueBytes: 100_000, maxMessageBytes: 1000 }, () => {});
  const service = server.service("/one", { error: (socket, cause) => error.resolve([socket, cause]) });
  const slow = await connectRaw(server);
  await slow.send(formatHandshake({ target: "/one" })).answer();
  slow.socket.pause();
  await connectWs(server, "/one");
  const payload = new Uint8Array(90_000);
  const [slowSocket, quickSocket] = service.sockets;
  // the operating system takes some megabytes before it takes no more
  for (let reached = 2; reached === 2;) {
    reached = service.broadcast(payload);
    await quickSocket?.drained();
  }
  const [socket, cause] = await error.promise;
  expect(socket).toBe(slowSocket);
  expect(cause.code).toBe("QUEUE_FULL");
});

it("reaches the new socket when its own open handler broadcasts", async () => {
  const server = await startServer({}, () => {});
  const counts: number[] = [];
  const service = server.service("/one", { open: () => void counts.push(service.broadcast("x")) });
  await connectWs(server, "/one");
  await connectWs(server, "/one");
  expect(counts).toEqual([1, 2]);
});

it("refuses data that is no message, and sends nothing", async () => {
  const server = await startServer({}, () => {});
  const service = server.service("/one", {});
  expect(() => service.broadcast(7 as unknown as string)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }),
  );
});
