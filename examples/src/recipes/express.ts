import type { AddressInfo } from "node:net";
import express from "express";
import { createServer } from "hawser/server";

const app = express();
app.get("/hello/:name", (request, response) => {
  response.send(`Express greets ${request.params.name}\n`);
});

const server = createServer();
server.service("/echo", { message: (socket, data) => (socket.post(data) ? undefined : socket.drained()) });

const http = app.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1", () => {
  const { port } = http.address() as AddressInfo; // it listens on TCP
  console.log(`Express on http://127.0.0.1:${port}`);
});
server.attach(http);

async function end(): Promise<void> {
  await server.close();
  http.close();
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void end());
