import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openClient } from "./support/client.js";
import { start } from "./support/example.js";

/** A root folder with a secret beside it. */
function createRoot(): string {
  const folder = mkdtempSync(join(tmpdir(), "hawser-root-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "root-secret"));
  writeFileSync(join(folder, "root-secret/file.txt"), "secret");
  writeFileSync(join(folder, "secret.txt"), "secret");
  mkdirSync(join(folder, "root"));
  writeFileSync(join(folder, "root/index.html"), "<p>home</p>");
  writeFileSync(join(folder, "root/a b.css"), "p {}");
  return join(folder, "root");
}

/** The status of a GET whose target stays as it is: `fetch` would resolve its dots. */
function getStatus(url: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${url}/`, { path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

it("serves the files of its root folder", async () => {
  const { url } = await start("http-server", { ROOT: createRoot() });
  const home = await fetch(url);
  expect([home.status, home.headers.get("content-type"), await home.text()]).toEqual([
    200,
    "text/html; charset=utf-8",
    "<p>home</p>",
  ]);
  const style = await fetch(`${url}/a%20b.css?v=1`);
  expect([style.headers.get("content-type"), await style.text()]).toEqual(["text/css; charset=utf-8", "p {}"]);
  const head = await fetch(url, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect((await fetch(`${url}/none.html`)).status).toBe(404);
  expect((await fetch(url, { method: "PUT", body: "x" })).status).toBe(405);
});

it("serves nothing outside of its root folder, and lives through paths that are none", async () => {
  const { url } = await start("http-server", { ROOT: createRoot() });
  const paths = ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/..%2froot-secret/file.txt"];
  const broken = ["/%00", "/%", "//[", "/none"];
  const statuses = await Promise.all([...paths, ...broken, "/"].map((path) => getStatus(url, path)));
  expect(statuses).toEqual([404, 404, 404, 404, 404, 404, 404, 404, 200]);
});

it("has a page of its own", async () => {
  const { url } = await start("http-server");
  expect(await (await fetch(url)).text()).toContain("page.js");
  expect(await (await fetch(`${url}/page.js`)).text()).toContain("new WebSocket(");
});

it("speaks WebSocket at the paths of its services", async () => {
  const { url, wsUrl } = await start("http-server");
  const echo = await openClient(`${wsUrl}/Echo`);
  echo.ws.send("ahoy");
  expect(await echo.receive()).toBe("ahoy");
  expect((await fetch(`${url}/Echo`)).status).toBe(426);
});

it("gives each connection of the chat a name of its own, and everybody hears it", async () => {
  const { url, wsUrl } = await start("http-server");
  const ann = await openClient(`${wsUrl}/Chat?name=Ann`);
  const guest = await openClient(`${wsUrl}/Chat`);

  ann.ws.send("hi");
  expect(await ann.receive()).toBe("Ann: hi");
  expect(await guest.receive()).toBe("Ann: hi");
  guest.ws.send("hello");
  expect(await ann.receive()).toBe("guest 1: hello");
  ann.ws.close();
  expect(await guest.receive()).toBe("guest 1: hello");
  expect(await guest.receive()).toBe("Ann got logged off");

  expect(await (await fetch(url, { method: "DELETE" })).text()).toBe("1\n");
  expect(await guest.closed).toEqual([1000, "the room is locked"]);
});

it("stops cleanly at Ctrl-C", async () => {
  const { example, url, wsUrl } = await start("http-server");
  await (await fetch(url)).text(); // a connection kept alive must not hold it
  const echo = await openClient(`${wsUrl}/Echo`);
  const chat = await openClient(`${wsUrl}/Chat`);
  example.interrupt();
  expect(await echo.closed).toEqual([1001, ""]);
  expect(await chat.closed).toEqual([1001, ""]);
  expect(await example.ended).toEqual({ code: 0, signal: null });
  expect(example.stderr).toBe("");
});
