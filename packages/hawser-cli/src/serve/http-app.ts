import { getRequestListener } from "@hono/node-server";
import type { RequestHandler } from "hawser/server";
import { type Context, Hono } from "hono";
import { etag } from "hono/etag";
import type { Health } from "./health.js";
import { type PageFile, readPageFiles } from "./page-files.js";
import type { FileHandler } from "./root-files.js";

export interface HttpOptions {
  readonly getHealth: () => Health;
  /** The files of `--root`, if it was given. */
  readonly files: FileHandler | undefined;
}

/** The page loads nothing from elsewhere; it may talk to any WebSocket, which is what it is for. */
const pagePolicy = [
  "default-src 'self'",
  "connect-src 'self' ws: wss:",
  "img-src 'self' data:",
  "style-src 'self'",
  "script-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * Answers plain HTTP: the page at `/`, its files at `/page/<name>`, `/healthz` and `/readyz`; then the files of a folder, of
 * which `index.html` takes the page's place.
 */
export function createHttpHandler({ getHealth, files }: HttpOptions): RequestHandler {
  const pageFiles = readPageFiles();
  const page = pageFiles.get("index.html");
  const app = new Hono();

  app.use(async (context, next) => {
    await next();
    context.header("X-Content-Type-Options", "nosniff");
  });
  app.use("/page/*", etag());
  app.get("/", async (context) => {
    const index = await files?.(context);
    if (index !== undefined) return index;
    context.header("Vary", "Accept");
    if (page !== undefined && accepts(context, "text/html")) return sendPageFile(context, page);
    return context.text("this path speaks WebSocket; a browser gets a page here (Accept: text/html)\n", 400);
  });
  app.get("/page/:name", (context) => {
    const file = pageFiles.get(context.req.param("name"));
    return file === undefined ? context.notFound() : sendPageFile(context, file);
  });
  const fresh = { "Cache-Control": "no-store" };
  app.get("/healthz", (context) => context.json(getHealth(), 200, fresh));
  app.get("/readyz", (context) => {
    const { ready, reason } = getHealth();
    return context.json(reason === null ? { ready } : { ready, reason }, ready ? 200 : 503, fresh);
  });
  for (const path of ["/", "/page/:name", "/healthz", "/readyz"]) {
    app.all(path, (context) => context.text("only GET is possible here\n", 405, { Allow: "GET, HEAD" }));
  }
  if (files !== undefined) app.get("*", async (context) => (await files(context)) ?? context.notFound());
  app.notFound((context) => context.text("nothing is served at this path\n", 404));
  return getRequestListener(app.fetch, { overrideGlobalObjects: false });
}

function sendPageFile(context: Context, file: PageFile): Response {
  return context.body(file.body, 200, {
    "Content-Type": file.type,
    "Content-Length": String(file.body.byteLength),
    "Content-Security-Policy": pagePolicy,
    "Referrer-Policy": "no-referrer",
    // browsers ask each time, and mostly hear that nothing has changed
    "Cache-Control": "no-cache",
    ETag: file.etag,
  });
}

/** Whether the Accept header names the type. A wildcard does not: programs that do not care send that. */
function accepts(context: Context, type: string): boolean {
  const ranges = (context.req.header("Accept") ?? "").split(",");
  return ranges.some((range) => range.split(";", 1)[0]?.trim().toLowerCase() === type);
}
