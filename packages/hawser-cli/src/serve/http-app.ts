import { getRequestListener } from "@hono/node-server";
import type { RequestHandler } from "hawser/server";
import { type Context, Hono } from "hono";
import { etag } from "hono/etag";
import { type PageFile, readPageFiles } from "./page-files.js";

/** What `/healthz` tells. */
export interface Health {
  readonly status: "ok";
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly connections: number;
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

/** Answers plain HTTP: the page at `/`, its files at `/page/<name>`, and `/healthz`. */
export function createHttpHandler(getHealth: () => Health): RequestHandler {
  const files = readPageFiles();
  const index = files.get("index.html");
  const app = new Hono();

  app.use(async (context, next) => {
    await next();
    context.header("X-Content-Type-Options", "nosniff");
    context.header("Referrer-Policy", "no-referrer");
  });
  app.use("/page/*", etag());
  app.get("/", (context) => {
    context.header("Vary", "Accept");
    if (index !== undefined && accepts(context, "text/html")) return sendFile(context, index);
    return context.text("this path speaks WebSocket; a browser gets a page here (Accept: text/html)\n", 400);
  });
  app.get("/page/:name", (context) => {
    const file = files.get(context.req.param("name"));
    return file === undefined ? context.notFound() : sendFile(context, file);
  });
  app.get("/healthz", (context) => context.json(getHealth(), 200, { "Cache-Control": "no-store" }));
  for (const path of ["/", "/page/:name", "/healthz"]) {
    app.all(path, (context) => context.text("only GET is possible here\n", 405, { Allow: "GET, HEAD" }));
  }
  app.notFound((context) => context.text("nothing is served at this path\n", 404));
  return getRequestListener(app.fetch, { overrideGlobalObjects: false });
}

function sendFile(context: Context, file: PageFile): Response {
  return context.body(file.body, 200, {
    "Content-Type": file.type,
    "Content-Length": String(file.body.byteLength),
    "Content-Security-Policy": pagePolicy,
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
