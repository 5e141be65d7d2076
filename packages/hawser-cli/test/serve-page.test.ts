import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { beforeAll, expect, it } from "vitest";
import { shareServing } from "./support/program.js";

let url = "";

beforeAll(async () => {
  const serving = await shareServing();
  url = serving.url;
  return () => serving.program.kill("SIGKILL");
});

const html = { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

it("serves the page to a browser, with a policy that lets in nothing foreign", async () => {
  const answer = await fetch(url, { headers: html });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain("<!doctype html>");
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "content-security-policy":
      "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src 'self'; script-src 'self'; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
  });
});

it.each(["*/*", "application/json", "text/htmlx"])("answers 400 on / to a request that accepts %s", async (accept) => {
  const answer = await fetch(`${url}/`, { headers: { Accept: accept } });
  expect(answer.status).toBe(400);
});

it.each([
  ["app.js", "text/javascript; charset=utf-8"],
  ["style.css", "text/css; charset=utf-8"],
  ["favicon.svg", "image/svg+xml; charset=utf-8"],
])("serves the page's %s as %s", async (name, type) => {
  const answer = await fetch(`${url}/page/${name}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe(type);
  expect((await answer.arrayBuffer()).byteLength).toBe(Number(answer.headers.get("content-length")));
});

it("serves every file that the page names", async () => {
  const page = await (await fetch(url, { headers: html })).text();
  const names = [...page.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)].map((match) => match[1]);
  const statuses = await Promise.all(names.map(async (name) => (await fetch(url + name)).status));
  expect(names.length).toBeGreaterThan(5);
  expect(new Set(statuses)).toEqual(new Set([200]));
});

it("answers 304 to a browser that has the file", async () => {
  const { headers } = await fetch(`${url}/page/app.js`);
  const again = await fetch(`${url}/page/app.js`, { headers: { "If-None-Match": headers.get("etag") ?? "" } });
  expect(again.status).toBe(304);
});

it("answers HEAD without a body", async () => {
  const answer = await fetch(url, { method: "HEAD", headers: html });
  expect(answer.status).toBe(200);
  expect(Number(answer.headers.get("content-length"))).toBeGreaterThan(1000);
  expect(await answer.text()).toBe("");
});

it.each(["/nowhere", "/page/nowhere.js", "/page/", "/page/..%2fpackage.json", "/page/%2e%2e%2fpackage.json"])(
  "answers 404 on %s",
  async (path) => {
    expect((await fetch(url + path)).status).toBe(404);
  },
);

it("does not leave the page's folder for a path with dots in it", async () => {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.end("GET /page/../package.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 404 /);
});

it.each(["/", "/healthz", "/page/app.js"])("answers 405 to POST on %s", async (path) => {
  const answer = await fetch(url + path, { method: "POST" });
  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")).toContain("GET");
});

it("answers a plain request on a WebSocket path by 426", async () => {
  expect((await fetch(`${url}/echo`)).status).toBe(426);
});
