import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { beforeAll, expect, it } from "vitest";
import { openClient } from "./support/client.js";
import { makeFolder } from "./support/folder.js";
import { runProgram, shareServing } from "./support/program.js";

let url = "";
let wsUrl = "";
let outside = "";

/** A tree with what may be served, and what may not. */
function makeTree(): string {
  const base = mkdtempSync(join(tmpdir(), "hawser-root-"));
  const root = join(base, "root");
  outside = join(base, "outside.txt");
  for (const folder of ["", "sub", "empty", ".hidden", "page"]) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(outside, "outside");
  writeFileSync(join(root, "index.html"), "<!doctype html>the root's own");
  writeFileSync(join(root, "sub/index.html"), "<!doctype html>below");
  writeFileSync(join(root, "ten.txt"), "0123456789");
  writeFileSync(join(root, "ünï code.txt"), "letters");
  writeFileSync(join(root, "data.bin"), "");
  truncateSync(join(root, "data.bin"), 20_000_000);
  for (const name of [".env", ".hidden/x.txt", "echo", "healthz", "page/app.js"]) {
    writeFileSync(join(root, name), "hidden");
  }
  symlinkSync(outside, join(root, "link-out.txt"));
  symlinkSync(base, join(root, "folder-out"));
  symlinkSync(join(root, ".env"), join(root, "link-hidden.txt"));
  symlinkSync(join(root, "ten.txt"), join(root, "link-in.txt"));
  execFileSync("mkfifo", [join(root, "pipe")]);
  return base;
}

beforeAll(async () => {
  const base = makeTree();
  const serving = await shareServing("--root", join(base, "root"));
  ({ url, wsUrl } = serving);
  return () => {
    serving.program.kill("SIGKILL");
    rmSync(base, { recursive: true });
  };
});

/** The answer to a target sent as it is: fetch would tidy it up. */
async function ask(target: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  return text(socket);
}

it.each([
  ["/", "<!doctype html>the root's own", "text/html; charset=utf-8"],
  ["/index.html", "<!doctype html>the root's own", "text/html; charset=utf-8"],
  ["/sub/", "<!doctype html>below", "text/html; charset=utf-8"],
  ["/ten.txt", "0123456789", "text/plain; charset=utf-8"],
  ["/ten.txt?v=1", "0123456789", "text/plain; charset=utf-8"],
  ["/%C3%BCn%C3%AF%20code.txt", "letters", "text/plain; charset=utf-8"],
  ["/link-in.txt", "0123456789", "text/plain; charset=utf-8"],
])("serves %s", async (path, body, type) => {
  const answer = await fetch(url + path);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe(body);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": type,
    "content-length": String(Buffer.byteLength(body)),
    "accept-ranges": "bytes",
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
    etag: expect.stringMatching(/^"[^"]+"$/) as string,
    "last-modified": expect.stringMatching(/ GMT$/) as string,
  });
  // the policy of the page is for the page
  expect(answer.headers.get("content-security-policy")).toBeNull();
});

it.each([
  "/nowhere.txt",
  "/empty/",
  "/empty",
  "/.env",
  "/.hidden/x.txt",
  "/link-out.txt",
  "/folder-out/outside.txt",
  "/folder-out/",
  "/link-hidden.txt",
  "/pipe",
  "/ten.txt/",
  "/../outside.txt",
  "/sub/../../outside.txt",
  "/%2e%2e/outside.txt",
  "/..%2foutside.txt",
  "/sub/..%2f..%2foutside.txt",
  "/..%5coutside.txt",
  "/ten.txt%00.html",
  "/%ff",
  "//ten.txt",
  "/sub//index.html",
  "//evil.example/%2e%2e",
  `/${"x".repeat(3000)}`,
])("answers 404 to %s, and nothing of another place", async (target) => {
  const answer = await ask(target);
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  expect(answer).not.toMatch(/outside$|hidden$|0123456789/);
});

it("leads to a folder's path with a slash, on the same server", async () => {
  const answer = await fetch(`${url}/sub?a=b`, { redirect: "manual" });
  expect(answer.status).toBe(301);
  expect(answer.headers.get("location")).toBe("/sub/?a=b");
});

it("leaves the paths of services, of the page and of /healthz to them", async () => {
  expect((await fetch(`${url}/echo`)).status).toBe(426);
  expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ status: "ok" });
  expect(await (await fetch(`${url}/page/app.js`)).text()).not.toBe("hidden");
  const client = await openClient(`${wsUrl}/`);
  client.ws.send("echo");
  expect(await client.receive()).toBe("echo");
});

it("answers HEAD as GET, without the file", async () => {
  const answer = await fetch(`${url}/data.bin`, { method: "HEAD" });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-length")).toBe("20000000");
  expect(answer.headers.get("content-type")).toBe("application/octet-stream");
  expect(await answer.text()).toBe("");
});

it("answers 404 to another method", async () => {
  expect((await fetch(`${url}/ten.txt`, { method: "POST" })).status).toBe(404);
});

it("sends a large file whole", async () => {
  const answer = await fetch(`${url}/data.bin`);
  let bytes = 0;
  for await (const chunk of answer.body ?? []) bytes += (chunk as Uint8Array).length;
  expect(bytes).toBe(20_000_000);
});

it.each([
  ["bytes=2-4", 206, "234", "bytes 2-4/10"],
  ["bytes=7-", 206, "789", "bytes 7-9/10"],
  ["bytes=-2", 206, "89", "bytes 8-9/10"],
  ["bytes=5-99", 206, "56789", "bytes 5-9/10"],
  ["bytes=10-", 416, "", "bytes */10"],
  ["bytes=0-1,4-5", 200, "0123456789", null],
  ["lines=1-2", 200, "0123456789", null],
])("answers the range %s by %i", async (range, status, body, contentRange) => {
  const answer = await fetch(`${url}/ten.txt`, { headers: { Range: range } });
  expect(answer.status).toBe(status);
  expect(await answer.text()).toBe(body);
  expect(answer.headers.get("content-range")).toBe(contentRange);
});

it("answers a part only of the version that the client has begun with", async () => {
  const whole = await fetch(`${url}/ten.txt`);
  const etag = whole.headers.get("etag") ?? "";
  const same = await fetch(`${url}/ten.txt`, { headers: { Range: "bytes=2-4", "If-Range": etag } });
  expect([same.status, await same.text()]).toEqual([206, "234"]);
  const other = await fetch(`${url}/ten.txt`, { headers: { Range: "bytes=2-4", "If-Range": '"other"' } });
  expect([other.status, await other.text()]).toEqual([200, "0123456789"]);
});

it("answers 304 to a client that has the file", async () => {
  const { headers } = await fetch(`${url}/ten.txt`);
  const etag = headers.get("etag") ?? "";
  const ask304 = async (fields: Record<string, string>): Promise<number> =>
    (await fetch(`${url}/ten.txt`, { headers: fields })).status;
  expect(await ask304({ "If-None-Match": `"x", W/${etag}` })).toBe(304);
  expect(await ask304({ "If-Modified-Since": headers.get("last-modified") ?? "" })).toBe(304);
  expect(await ask304({ "If-None-Match": '"x"', "If-Modified-Since": headers.get("last-modified") ?? "" })).toBe(200);
  expect(await ask304({ "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT" })).toBe(200);
});

it("goes on when clients leave in the middle of a file", async () => {
  for (let count = 0; count < 20; count++) {
    const stop = new AbortController();
    const answer = await fetch(`${url}/data.bin`, { signal: stop.signal });
    expect(answer.status).toBe(200);
    stop.abort();
  }
  expect(await (await fetch(`${url}/ten.txt`)).text()).toBe("0123456789");
});

it.each([
  ["nowhere", 1, /^hawser: --root .*nowhere does not exist: give a folder of files\n$/],
  ["file.txt", 2, /^hawser: --root .*file\.txt is no folder\n$/],
])("says that --root %s cannot be served", async (name, exitCode, message) => {
  const folder = makeFolder({ "file.txt": "x" });
  const { code, stderr } = await runProgram(["serve", "--log-level", "error", "--root", join(folder, name)]);
  expect(stderr).toMatch(message);
  expect(code).toBe(exitCode);
});
