// A small HTTP server: the files of a root folder, a handler for each method, and WebSocket services by path.
import { readFile } from "node:fs/promises";
import { extname, join, resolve, sep } from "node:path";
import { createServer, type RequestHandler } from "hawser/server";

const root = resolve(process.env["ROOT"] ?? join(import.meta.dirname, "../public"));
const types = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
]);

const onGet: RequestHandler = async (request, response) => {
  try {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const file = join(root, path.endsWith("/") ? `${path}index.html` : path);
    if (!file.startsWith(root + sep)) throw new Error("outside of the root folder");
    const content = await readFile(file);
    response.setHeader("content-type", types.get(extname(file)) ?? "application/octet-stream").end(content);
  } catch {
    response.writeHead(404).end();
  }
};

/** Sends everybody out of the chat. */
const onDelete: RequestHandler = (_request, response) => {
  response.end(`${chat.sockets.size}\n`);
  for (const socket of chat.sockets) void socket.close(1000, "the room is locked");
};

const handlers = new Map(Object.entries({ GET: onGet, HEAD: onGet, DELETE: onDelete }));
const onOther: RequestHandler = (_request, response) => void response.writeHead(405).end();

const server = createServer({
  port: Number(process.env["PORT"] ?? 8080),
  onRequest: (request, response) => (handlers.get(request.method ?? "") ?? onOther)(request, response),
});

server.service("/Echo", { message: (socket, data) => (socket.post(data) ? undefined : socket.drained()) });

// A function is called for each connection, so that `name` is its own.
let guests = 0;
const chat = server.service("/Chat", (socket) => {
  const name = new URL(socket.url, "ws://localhost").searchParams.get("name") ?? `guest ${++guests}`;
  return {
    message(_socket, data): Promise<void> {
      chat.broadcast(typeof data === "string" ? `${name}: ${data}` : data);
      return socket.drained();
    },
    close(): void {
      chat.broadcast(`${name} got logged off`);
    },
  };
});

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void server.close());

await server.listen();
console.log(`http-server on ${server.url.replace("ws", "http")}`);
