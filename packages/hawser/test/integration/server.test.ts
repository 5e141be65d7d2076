import { once } from "node:events";
import { afterEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createServer } from "../../src/server/index.js";
import type { Server, ServerOptions } from "../../src/server/index.js";

const servers: Server[] = [];

async function start(options: ServerOptions = {}, prepare: (server: Server) => void = addEcho): Promise<Server> {
  const server = createServer(options);
  servers.push(server);
  prepare(server);
  await server.listen();
  return server;
}

function addEcho(server: Server): void {
  server.service("/echo", { message: (socket, data) => (socket.post(data) ? undefined : socket.drained()) });
}

async function connect(url: string, protocols: string[] = []): Promise<WebSocket> {
  const client = new WebSocket(url, protocols);
  await once(client, "open");
  return client;
}

async function receive(client: WebSocket): Promise<string> {
  const [data] = (await once(client, "message")) as [Buffer];
  return data.toString();
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close({ timeoutMs: 100, spreadMs: 0 })));
});

it("echoes", async () => {
  const server = await start();
  const client = await connect(`${server.url}/echo`);
  client.send("hello");
  expect(await receive(client)).toBe("hello");
});
