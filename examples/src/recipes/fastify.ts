import { fastify } from "fastify";
import { createServer } from "hawser/server";

const app = fastify();
app.get<{ Params: { name: string } }>("/hello/:name", (request) => `Fastify greets ${request.params.name}\n`);

const server = createServer();
server.service("/echo", { message: (socket, data) => (socket.post(data) ? undefined : socket.drained()) });
server.attach(app.server);

// Fastify closes its HTTP server after this hook, and would wait there for WebSockets that nobody has told to end.
app.addHook("preClose", () => server.close());

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void app.close());

const url = await app.listen({ host: "127.0.0.1", port: Number(process.env["PORT"] ?? 8080) });
console.log(`Fastify on ${url}`);
