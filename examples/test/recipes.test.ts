import { expect, it } from "vitest";
import { openClient, refusedWith } from "./support/client.js";
import { start } from "./support/example.js";

// Vite is at the end of this file: it has a WebSocket of its own.
const alone = [
  ["node-http", "/hello/Ann", "node:http answers /hello/Ann\n", 200],
  ["express", "/hello/Ann", "Express greets Ann\n", 200],
  // once told to close, it answers 503 by itself
  ["fastify", "/hello/Ann", "Fastify greets Ann\n", 503],
  ["hono", "/hello/Ann", "Hono greets Ann\n", 200],
] as const;

it.each(alone)("%s keeps its own routes beside our service", async (name, path, answer) => {
  const { url, wsUrl } = await start(`recipes/${name}`);
  const client = await openClient(`${wsUrl}/echo`);
  const response = await fetch(`${url}${path}`);
  expect([response.status, await response.text()]).toEqual([200, answer]);
  client.ws.send("ahoy");
  expect(await client.receive()).toBe("ahoy");

  // nobody else takes upgrades here
  expect(await refusedWith(`${wsUrl}/other`)).toBe(404);
  // the rules on origins are those of a server that listens by itself
  expect(await refusedWith(`${wsUrl}/echo`, { origin: "https://evil.example" })).toBe(403);
  await openClient(`${wsUrl}/echo`, { origin: url });
});

it.each(alone)("%s ends at Ctrl-C: WebSockets first, then the HTTP server", async (name, path, _answer, status) => {
  const { example, url, wsUrl } = await start(`recipes/${name}`);
  const quick = await openClient(`${wsUrl}/echo`);
  const slow = await openClient(`${wsUrl}/echo`);
  slow.ws.pause(); // it will not see its Close yet

  example.interrupt();
  expect(await quick.closed).toEqual([1001, ""]);
  // HTTP is still answered while a WebSocket is waited for; those who want a new one may try again elsewhere
  expect((await fetch(`${url}${path}`)).status).toBe(status);
  expect(await refusedWith(`${wsUrl}/echo`)).toBe(503);

  slow.ws.resume();
  expect(await slow.closed).toEqual([1001, ""]);
  expect(await example.ended).toEqual({ code: 0, signal: null });
  expect(example.stderr).toBe("");
});

it("leaves Vite its pages and its own WebSocket, for hot updates", async () => {
  const { example, url, wsUrl } = await start("recipes/vite");
  const ours = await openClient(`${wsUrl}/echo`);
  const theirs = await openClient(`${wsUrl}/`, { protocol: "vite-hmr" });
  expect(await theirs.receive()).toBe('{"type":"connected"}');

  // as the page connects: with its Origin, and the token that Vite's own client carries
  expect(await (await fetch(url)).text()).toContain("/@vite/client");
  const script = await (await fetch(`${url}/@vite/client`)).text();
  const token = /const wsToken = "(?<token>[^"]+)"/.exec(script)?.groups?.["token"] ?? "";
  const page = await openClient(`${wsUrl}/?token=${token}`, { protocol: "vite-hmr", origin: url });
  expect(await page.receive()).toBe('{"type":"connected"}');

  ours.ws.send("ahoy");
  expect(await ours.receive()).toBe("ahoy");

  example.interrupt();
  expect(await ours.closed).toEqual([1001, ""]);
  await Promise.all([theirs.closed, page.closed]);
  expect(await example.ended).toEqual({ code: 0, signal: null });
  expect(example.stderr).toBe("");
});
