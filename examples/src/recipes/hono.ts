import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { createServer } from "hawser/server";

const app = new Hono();
app.get("/hello/:name", (context) => context.text(`Hono greets ${context.req.param("name")}\n`));

const server = createServer();
server.service("/echo", { message: (socket, data) => (socket.post(data) ? undefined : socket.drained()) });

const port = Number(process.env["PORT"] ?? 8080);
const http = serve({ fetch: app.fetch, hostname: "127.0.0.1", port }, (address) => {
  console.log(`Hono on http://127.0.0.1:${address.port}`);
});
server.attach(http);

async function end(): Promise<void> {
  await server.close();
  http.close();
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void end());
