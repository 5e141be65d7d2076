// Sends every message back, text as text and bytes as bytes.
import { createServer } from "hawser/server";

const server = createServer({ port: Number(process.env["PORT"] ?? 8080) });

server.service("/", {
  // a peer that reads slowly is read from slowly: the next message waits until this one has left
  message: (socket, data) => (socket.post(data) ? undefined : socket.drained()),
});

// Ctrl-C: everybody gets a Close with 1001, then nothing is left to do and the process ends by itself
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void server.close());

await server.listen();
console.log(`echo on ${server.url}`);
