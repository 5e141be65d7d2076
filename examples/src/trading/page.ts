import type { RequestHandler } from "hawser/server";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../trading-page");

const types = new Map([
  ["html", "text/html; charset=utf-8"],
  ["js", "text/javascript; charset=utf-8"],
  ["css", "text/css; charset=utf-8"],
]);

/** No script but the page's own, and no connection but to this server. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'";

/** Serves the page. It is put together when somebody asks for it first: whoever wants the gateway alone does not wait for it. */
export function createPageHandler(): RequestHandler {
  let built: Promise<ReadonlyMap<string, string | Uint8Array>> | undefined;

  return async (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") return void response.writeHead(405).end();
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    built ??= buildPage();
    const file = (await built).get(name);
    if (file === undefined) return void response.writeHead(404).end();
    response.setHeader("content-type", types.get(name.split(".").at(-1) ?? "") ?? "application/octet-stream");
    // every file but the page itself has its content's hash in its name
    response.setHeader("cache-control", pathname === "/" ? "no-cache" : "max-age=31536000, immutable");
    response.setHeader("content-security-policy", policy);
    response.setHeader("x-content-type-options", "nosniff");
    response.end(file);
  };
}

/** Bundled as for production, `hawser/client` among it, and kept in memory. */
async function buildPage(): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const { build } = await import("vite"); // takes longer to load than everything else here together
  const results = await build({ root, configFile: false, logLevel: "error", build: { write: false } });
  const files = new Map<string, string | Uint8Array>();
  for (const result of Array.isArray(results) ? results : [results]) {
    if (!("output" in result)) continue; // a watcher's, which was not asked for
    for (const file of result.output) files.set(file.fileName, file.type === "chunk" ? file.code : file.source);
  }
  return files;
}
