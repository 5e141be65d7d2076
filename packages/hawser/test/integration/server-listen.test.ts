import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as sendRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createServer } from "../../src/server/index.js";
import { addEcho, connectWs, receiveText, startServer } from "../support/server-fixture.js";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function connectUnix(path: string): Promise<WebSocket> {
  const client = new WebSocket(`ws+unix:${path}:/echo`);
  await once(client, "open");
  return client;
}

it.each([8080, { port: 8080 }])("refuses a place to listen that it would not use: listen(%o)", async (place) => {
  const server = createServer({ port: 0 });
  // what JavaScript may say
  const listen: (...given: unknown[]) => Promise<unknown> = server.listen.bind(server);
  await expect(listen(place)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: /createServer/ });
  expect(server.state).toBe("new");
});

it("serves WebSockets and pages on a Unix socket, and removes it when it closes", async () => {
  const path = join(folder, "server.sock");
  const server = await startServer({ path, onRequest: (_request, response) => void response.end("page") });
  expect(server.address()).toEqual({ host: "", port: 0, path });
  expect(server.url).toBe(`ws+unix://${path}`);
  const client = await connectUnix(path);
  client.send("hello");
  expect(await receiveText(client)).toBe("hello");
  const [{ remoteAddress } = { remoteAddress: "?" }] = server.sockets;
  expect(remoteAddress).toBeUndefined();
  const request = sendRequest({ socketPath: path, path: "/" }).end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  response.resume();
  await once(response, "end");
  await server.close();
  expect(existsSync(path)).toBe(false);
});

it("says that a Unix socket is left over, and what to do, when a program has crashed", async () => {
  const path = join(folder, "server.sock");
  const script = "require('node:net').createServer().listen(process.argv[1], () => console.log('up'))";
  const program = spawn(process.execPath, ["--eval", script, path], { stdio: ["ignore", "pipe", "inherit"] });
  await once(program.stdout, "data");
  program.kill("SIGKILL");
  await once(program, "exit");
  const server = createServer({ path });
  await expect(server.listen()).rejects.toMatchObject({
    code: "LISTEN_FAILED",
    facts: { code: "EADDRINUSE", path, stale: true },
    message: expect.stringContaining("left over from a program that ended without closing its server; remove the file"),
  });
  rmSync(path);
  await server.listen();
  await server.close();
});

it("says that somebody listens on the Unix socket", async () => {
  const path = join(folder, "server.sock");
  await startServer({ path });
  await expect(createServer({ path }).listen()).rejects.toMatchObject({
    code: "LISTEN_FAILED",
    facts: { code: "EADDRINUSE", path },
    message: expect.stringContaining("another program listens there"),
  });
  expect(existsSync(path)).toBe(true);
});

it("says that a file of another kind has the name, and leaves it", async () => {
  const path = join(folder, "server.sock");
  writeFileSync(path, "precious");
  await expect(createServer({ path }).listen()).rejects.toMatchObject({
    facts: { code: "EADDRINUSE", path },
    message: expect.stringContaining("a file of another kind"),
  });
});

it("says that the folder of a Unix socket does not exist", async () => {
  await expect(createServer({ path: join(folder, "missing", "server.sock") }).listen()).rejects.toMatchObject({
    code: "LISTEN_FAILED",
    message: expect.stringContaining("the folder of the socket does not exist"),
  });
});

it("refuses a name that the system would cut", () => {
  const name = "x".repeat(200);
  expect(() => createServer({ path: join(folder, name) })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(/path .*bytes/) }),
  );
});

it("may listen again when what failed has passed", async () => {
  const path = join(folder, "server.sock");
  writeFileSync(path, "");
  const server = createServer({ path });
  addEcho(server);
  await expect(server.listen()).rejects.toMatchObject({ code: "LISTEN_FAILED" });
  rmSync(path);
  await server.listen();
  (await connectUnix(path)).terminate();
  await server.close();
});

it("listens on IPv6, and gives a URL that can be used", async () => {
  const server = await startServer({ host: "::1" });
  expect(server.address().host).toBe("::1");
  expect(server.url).toBe(`ws://[::1]:${server.address().port}`);
  const client = await connectWs(server, "/echo");
  client.send("hello");
  expect(await receiveText(client)).toBe("hello");
  expect([...server.sockets].map(({ remoteAddress }) => remoteAddress)).toEqual(["::1"]);
});

it("listens on all addresses of both families, and writes those of IPv4 without IPv6", async () => {
  const server = await startServer({ host: "::" });
  const { port } = server.address();
  expect(server.url).toBe(`ws://[::1]:${port}`);
  const four = new WebSocket(`ws://127.0.0.1:${port}/echo`);
  await Promise.all([once(four, "open"), connectWs(server, "/echo")]);
  const addresses = new Set([...server.sockets].map(({ remoteAddress }) => remoteAddress));
  expect(addresses).toEqual(new Set(["127.0.0.1", "::1"]));
  four.terminate();
});

it("takes a free port for 0, another for each server, and tells it", async () => {
  const servers = [await startServer({ port: 0 }), await startServer()];
  const ports = servers.map((server) => server.address().port);
  expect(new Set(ports).size).toBe(2);
  expect(ports.every((port) => port > 0)).toBe(true);
});

it("serves several services and pages on one port", async () => {
  const server = await startServer({ onRequest: (_request, response) => void response.end("page") }, (it) => {
    it.service("/one", { open: (socket) => void socket.post("one") });
    it.service("/two/:id", (socket) => void socket.post(`two ${socket.params.id}`));
    it.service("/", { open: (socket) => void socket.post("root") });
  });
  const ask = (path: string): Promise<string> => receiveText(new WebSocket(`${server.url}${path}`));
  expect(await Promise.all([ask("/one"), ask("/two/2"), ask("/"), ask("")])).toEqual(["one", "two 2", "root", "root"]);
  expect(await (await fetch(`${server.url.replace("ws", "http")}/page`)).text()).toBe("page");
});
