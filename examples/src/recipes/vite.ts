import { join } from "node:path";
import { createServer as createViteServer, type Plugin } from "vite";
import { createServer } from "hawser/server";

const server = createServer();
server.service("/echo", { message: (socket, data) => (socket.post(data) ? undefined : socket.drained()) });

// A plugin, as Vite makes a new HTTP server when it restarts. In a project it stands in vite.config.ts.
const hawser: Plugin = {
  name: "hawser",
  configureServer({ httpServer }) {
    if (httpServer === null) return; // middleware mode: attach to the server that Vite is mounted in
    const attachment = server.attach(httpServer);
    httpServer.once("close", () => attachment.detach());
  },
};

const vite = await createViteServer({
  root: join(import.meta.dirname, "../../vite-app"),
  server: { host: "127.0.0.1", port: Number(process.env["PORT"] ?? 8080) },
  plugins: [hawser],
});
async function end(): Promise<void> {
  await server.close();
  await vite.close();
}
process.once("SIGINT", () => void end());

await vite.listen();
console.log(`Vite on ${vite.resolvedUrls?.local[0]}`);
