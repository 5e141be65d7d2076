import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "hawser/server";

const http = createHttpServer((request, response) => {
  response.end(`node:http answers ${request.url}\n`);
});

const server = createServer();
server.service("/echo", { message: (socket, data) => (socket.post(data) ? undefined : socket.drained()) });
server.attach(http);

http.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1", () => {
  const { port } = http.address() as AddressInfo; // it listens on TCP
  console.log(`node:http on http://127.0.0.1:${port}`);
});

async function end(): Promise<void> {
  await server.close();
  http.close();
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void end());
