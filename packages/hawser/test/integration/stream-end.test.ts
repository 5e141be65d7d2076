import { afterEach, expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import { connect } from "../../src/node/index.js";
import type { ConnectOptions } from "../../src/node/index.js";
import type { Server } from "../../src/server/index.js";
import type { MessageStream, Socket } from "../../src/socket/index.js";
import { startServer } from "../support/server-fixture.js";

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.abort();
});

async function open(server: Server, options: ConnectOptions = {}): Promise<Socket> {
  const socket = await connect(`${server.url}/`, { heartbeat: false, ...options });
  sockets.push(socket);
  return socket;
}

/** A server that does with each message what `read` does. */
function startReader(read: (stream: MessageStream, socket: Socket) => Promise<void>, deflate = false): Promise<Server> {
  return startServer({ perMessageDeflate: deflate, heartbeat: false, maxReceiveBytes: 1000 }, (server) => {
    server.service("/", { message: (socket, stream) => read(stream, socket) }, { mode: "stream" });
  });
}

/** A message that begins and never ends. */
async function* beginOnly(): AsyncGenerator<Uint8Array, void, undefined> {
  yield new Uint8Array(100);
  await createDeferred<void>().promise;
}

async function readAll(stream: MessageStream): Promise<void> {
  for await (const _ of stream);
}

it("tells the end of a compressed message although nothing follows it", async () => {
  const collected = createDeferred<unknown>();
  const server = await startReader(async (stream) => collected.resolve(await stream.collect()), true);
  const client = await open(server, { perMessageDeflate: true });

  await client.send("hawser ".repeat(400));

  expect(await collected.promise).toBe("hawser ".repeat(400));
});

it("tells the end of a message whose last piece filled what may wait unread", async () => {
  const mayRead = createDeferred<void>();
  const collected = createDeferred<unknown>();
  const server = await startReader(async (stream) => {
    await mayRead.promise;
    collected.resolve(await stream.collect());
  });
  const client = await open(server);

  await client.send(new Uint8Array(2000));
  mayRead.resolve();

  expect(await collected.promise).toEqual(new Uint8Array(2000));
});

it.each([
  ["reads", readAll],
  ["collects", (stream: MessageStream) => stream.collect()],
] as const)("fails whoever %s a message that our own close cuts off", async (_name, read) => {
  const outcome = createDeferred<unknown>();
  const server = await startReader(async (stream, socket) => {
    const reading = read(stream);
    void socket.close();
    outcome.resolve(await reading.catch((error: unknown) => error));
  });
  const client = await open(server);

  void client.sendStream(beginOnly());

  expect(await outcome.promise).toMatchObject({ code: "CONNECTION_CLOSED" });
});
