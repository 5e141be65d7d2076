import { once } from "node:events";
import { afterEach } from "vitest";
import { WebSocket } from "ws";
import type { ClientOptions } from "ws";
import { createServer } from "../../src/server/index.js";
import type { Logger, Server, ServerOptions } from "../../src/server/index.js";
import { RawClient } from "./raw-client.js";

const servers: Server[] = [];
const clients: { destroy(): void }[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close({ timeoutMs: 1000, spreadMs: 0 })));
});

/** A server on a free port that is closed after the test; by default it echoes at /echo. */
export async function startServer(
  options: ServerOptions = {},
  prepare: (server: Server) => unknown = addEcho,
): Promise<Server> {
  const server = createServer(options);
  servers.push(server);
  prepare(server);
  await server.listen();
  return server;
}

export function addEcho(server: Server): void {
  server.service("/echo", { message: (socket, data) => (socket.post(data) ? undefined : socket.drained()) });
}

export async function connectRaw(server: Server): Promise<RawClient> {
  const client = await RawClient.connect(server.address().port);
  clients.push(client);
  return client;
}

/** A client of the `ws` package, open. */
export async function connectWs(server: Server, path: string, options: ClientOptions = {}): Promise<WebSocket> {
  const client = new WebSocket(`${server.url}${path}`, options);
  clients.push({ destroy: () => client.terminate() });
  await once(client, "open");
  return client;
}

/** The next message of a `ws` client, as text. */
export async function receiveText(client: WebSocket): Promise<string> {
  const [data] = (await once(client, "message")) as [Buffer];
  return data.toString();
}

/** The code and reason that a `ws` client's connection ends with. */
export async function receiveClose(client: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await once(client, "close")) as [number, Buffer];
  return { code, reason: reason.toString() };
}

export interface LogEntry {
  readonly level: keyof Logger;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A logger that keeps what it is told. */
export function createMemoryLog(): { readonly logger: Logger; readonly entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  const keep =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      entries.push({ level, fields: { ...fields }, message });
    };
  return { logger: { debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") }, entries };
}
