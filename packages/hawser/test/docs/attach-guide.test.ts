// The programs of docs/guides/attach.md, as they stand there.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startReverseProxy } from "../support/reverse-proxy.js";
import { receiveClose, receiveText } from "../support/server-fixture.js";

// Beside this file, so that the programs find `hawser` as an installed package: they run the built one.
const folder = mkdtempSync(join(import.meta.dirname, "attach-"));
const page = readFileSync(join(import.meta.dirname, "../../../../docs/guides/attach.md"), "utf8");
const ends: (() => unknown)[] = [];

beforeAll(() => {
  for (const { groups } of page.matchAll(/^```js (?<name>\S+)\n(?<code>.*?)^```/gms)) {
    // a port that is free, in place of one that may be in use
    writeFileSync(join(folder, groups?.["name"] ?? ""), (groups?.["code"] ?? "").replace("8080", "0"));
  }
});

afterAll(() => {
  for (const end of ends) end();
  rmSync(folder, { recursive: true });
});

/** Starts a program of the page; answers with what it says that it listens on. */
async function run(name: string, ...options: string[]): Promise<{ child: ChildProcess; place: string }> {
  const child = spawn(process.execPath, [join(folder, name), ...options], { stdio: ["ignore", "pipe", "inherit"] });
  ends.push(() => child.kill("SIGKILL"));
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  expect(line).toMatch(/^listening on /);
  return { child, place: line.replace("listening on ", "") };
}

it("attaches to an HTTP server, which keeps its pages", async () => {
  const { child, place } = await run("attached.mjs");
  const client = new WebSocket(`ws://127.0.0.1:${place}/echo`);
  await once(client, "open");
  client.send("ahoy");
  expect(await receiveText(client)).toBe("ahoy");
  const fetchText = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${place}${path}`)).text();
  expect(await fetchText("/status")).toBe("1 open\n");
  expect(await fetchText("/")).toBe("a page of my own\n");
  expect((await fetch(`http://127.0.0.1:${place}/echo`)).status).toBe(426);
  const close = receiveClose(client);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect((await close).code).toBe(1001);
});

it("sees the client behind a proxy", async () => {
  const { place } = await run("behind-proxy.mjs");
  const proxy = await startReverseProxy({ to: Number(new URL(place).port), tls: true });
  ends.push(() => proxy.close());
  const client = new WebSocket(`wss://127.0.0.1:${proxy.port}/who`, {
    headers: { Host: "example.com", Origin: "https://example.com" },
    localAddress: "127.0.0.5",
    rejectUnauthorized: false,
  });
  expect(await receiveText(client)).toBe("127.0.0.5, secure: true");
  client.terminate();
});

it("serves a Unix socket, behind a proxy too", async () => {
  const place = mkdtempSync(join(tmpdir(), "hawser-"));
  ends.push(() => rmSync(place, { recursive: true }));
  const path = join(place, "server.sock");
  await run("unix-socket.mjs", path);
  expect(existsSync(path)).toBe(true);
  const proxy = await startReverseProxy({ to: path });
  ends.push(() => proxy.close());
  const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/who`, { localAddress: "127.0.0.5" });
  expect(await receiveText(client)).toBe("127.0.0.5");
  client.terminate();
});
