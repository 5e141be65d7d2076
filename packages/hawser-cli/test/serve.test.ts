import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Client, openClient } from "./support/client.js";
import { makeFolder } from "./support/folder.js";
import { Program, startServing } from "./support/program.js";

it("prints where it listens, and nothing else, on standard output", async () => {
  const { program, url } = await startServing();
  const client = await openClient(url.replace("http", "ws"));
  client.ws.close();
  await client.closed;
  program.kill("SIGTERM");
  const { stdout } = await program.ended;
  expect(stdout).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+\n$/);
});

it.each(["/", "/echo", "/time"])("echoes text and binary on %s", async (path) => {
  const { wsUrl } = await startServing();
  const client = await openClient(wsUrl + path);
  client.ws.send("hällo ⚓");
  client.ws.send(Buffer.from([0, 1, 255]));
  expect(await client.receive()).toBe("hällo ⚓");
  expect(await client.receive()).toEqual(Buffer.from([0, 1, 255]));
});

it("echoes more than a client reads, without losing a byte", async () => {
  const { wsUrl } = await startServing("--rate-limit", "off");
  const client = await openClient(`${wsUrl}/echo`);
  const message = Buffer.alloc(500_000, 7);
  client.ws.pause();
  for (let count = 0; count < 20; count++) client.ws.send(message);
  client.ws.resume();
  for (let count = 0; count < 20; count++) expect((await client.receive()).length).toBe(500_000);
});

it("tells everyone on /time the time at each interval", async () => {
  const { wsUrl } = await startServing("--time-interval-ms", "50");
  const [one, other] = await Promise.all([openClient(`${wsUrl}/time`), openClient(`${wsUrl}/time`)]);
  const pattern = /^Server time: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
  expect(await one.receive()).toMatch(pattern);
  expect(await one.receive()).toMatch(pattern);
  expect(await other.receive()).toMatch(pattern);
});

it("sends what one says in the chat to everyone, and what is typed at the server", async () => {
  const { program, wsUrl } = await startServing();
  const [one, other] = await Promise.all([openClient(`${wsUrl}/chat`), openClient(`${wsUrl}/chat`)]);
  await program.waitFor("stderr", /"present":2.*joined/);
  one.ws.send("ahoy");
  expect(await one.receive()).toBe("ahoy");
  expect(await other.receive()).toBe("ahoy");
  program.type("from the bridge");
  expect(await one.receive()).toBe("from the bridge");
  expect(await other.receive()).toBe("from the bridge");
});

it("logs who joins and leaves the chat, with the count of those present", async () => {
  const { program, wsUrl } = await startServing();
  const one = await openClient(`${wsUrl}/chat`);
  await program.waitFor("stderr", /"present":1.*"joined the chat"/);
  await openClient(`${wsUrl}/chat`);
  await program.waitFor("stderr", /"present":2.*"joined the chat"/);
  one.ws.close();
  const [line] = await program.waitFor("stderr", /^.*"left the chat".*$/m);
  expect(line).toContain('"present":1');
});

it("tells its health as JSON", async () => {
  const { url, wsUrl } = await startServing();
  await openClient(`${wsUrl}/echo`);
  const answer = await fetch(`${url}/healthz`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(await answer.json()).toEqual({
    status: "ok",
    version: "0.1.0",
    uptimeSeconds: expect.any(Number) as number,
    ready: true,
    reason: null,
    connections: 1,
    gateway: false,
    memory: { heldBytes: expect.any(Number) as number, maxBytes: expect.any(Number) as number },
    refused: {},
    unclean: 0,
    shed: 0,
  });
});

it("logs a refused handshake in one line", async () => {
  const { program, wsUrl } = await startServing();
  const client = new Client(`${wsUrl}/nowhere?token=secret`);
  await once(client.ws, "error");
  const [line] = await program.waitFor("stderr", /^.*connection refused.*$/m);
  expect(line).toContain('"status":404');
  expect(program.stderr).not.toContain("secret");
});

it("names the option that would let a refused page connect", async () => {
  const { program, wsUrl } = await startServing();
  const client = new Client(`${wsUrl}/echo`, { origin: "https://app.example.com" });
  await once(client.ws, "error");
  const [line] = await program.waitFor("stderr", /^.*origin-not-allowed.*start with.*$/m);
  expect(line).toContain(String.raw`--origin \"https://app.example.com\"`);
});

it("lets pages of a listed origin connect", async () => {
  const { wsUrl } = await startServing("--origin", "https://app.example.com", "--origin", "https://b.example.com");
  const client = await openClient(`${wsUrl}/echo`, { origin: "https://b.example.com" });
  client.ws.send("in");
  expect(await client.receive()).toBe("in");
});

it("answers under a name that was allowed", async () => {
  const { wsUrl } = await startServing("--allowed-host", "dev.example.com");
  const client = await openClient(`${wsUrl}/echo`, { headers: { Host: "dev.example.com" } });
  client.ws.send("in");
  expect(await client.receive()).toBe("in");
});

it("logs an unclean close with its report in one line, without the query", async () => {
  const { program, wsUrl } = await startServing();
  const client = await openClient(`${wsUrl}/echo?token=secret`);
  client.ws.terminate();
  const [line] = await program.waitFor("stderr", /^.*closed 1006.*$/m);
  expect(line).toContain('"path":"/echo","remoteAddress":"127.0.0.1","code":1006');
  expect(program.stderr).not.toContain("secret");
});

it("closes with 1009 for a message above --max-message-bytes", async () => {
  const { wsUrl } = await startServing("--max-message-bytes", "10");
  const client = await openClient(`${wsUrl}/echo`);
  client.ws.send("12345678901");
  expect((await client.closed)[0]).toBe(1009);
});

it("serves wss and https with a certificate of its own making, and logs its fingerprint", async () => {
  const { program, wsUrl } = await startServing("--tls", "self-signed");
  expect(wsUrl).toMatch(/^wss:/);
  const client = await openClient(`${wsUrl}/echo`, { rejectUnauthorized: false });
  client.ws.send("private");
  expect(await client.receive()).toBe("private");
  expect(program.stderr).toMatch(/SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}/);
});

it("slows down a client that sends more than --rate-limit, and loses nothing of it (REL-D9)", async () => {
  const { program, wsUrl } = await startServing("--rate-limit", "5");
  for (let flood = 1; flood <= 2; flood++) {
    const client = await openClient(`${wsUrl}/echo`);
    for (let count = 0; count < 15; count++) client.ws.send(String(count));
    for (let count = 0; count < 15; count++) expect(await client.receive()).toBe(String(count));
  }
  // said once, with the cure: not more often, as strangers could fill the log
  const [line] = await program.waitFor("stderr", /^.*"code":"RATE_LIMITED".*$/m);
  expect(line).toMatch(/"level":40,.*"path":"\/echo".*more came than 5 messages.*start with --rate-limit N, or off"/);
  expect(program.stderr.match(/RATE_LIMITED/g)).toHaveLength(1);
});

it("answers 429 beyond --max-connections-per-ip, where the address is not exempt (REL-D5)", async () => {
  const { program, wsUrl } = await startServing("--max-connections-per-ip", "1", "--exempt", "off");
  await openClient(`${wsUrl}/echo`);
  const second = new Client(`${wsUrl}/echo`);
  await once(second.ws, "error");
  const [line] = await program.waitFor("stderr", /^.*"rule":"address-limit".*$/m);
  expect(line).toContain('"status":429');
});

it("exempts this machine from --max-connections-per-ip unless told otherwise", async () => {
  const { wsUrl } = await startServing("--max-connections-per-ip", "1");
  const [one, other] = await Promise.all([openClient(`${wsUrl}/echo`), openClient(`${wsUrl}/echo`)]);
  expect([one.ws.readyState, other.ws.readyState]).toEqual([1, 1]);
});

it("answers 503 beyond --max-connections, and is not ready (REL-D6)", async () => {
  const { program, url, wsUrl } = await startServing("--max-connections", "1");
  await openClient(`${wsUrl}/echo`);
  const second = new Client(`${wsUrl}/echo`);
  await once(second.ws, "error");
  const [line] = await program.waitFor("stderr", /^.*"rule":"connection-limit".*$/m);
  expect(line).toContain('"status":503');
  const readiness = await fetch(`${url}/readyz`);
  expect(readiness.status).toBe(503);
  expect(await readiness.json()).toEqual({ ready: false, reason: "the server has no room for more connections" });
});

it("believes a proxy that it is told to trust who the client is", async () => {
  const { program, wsUrl } = await startServing("--trusted-proxy", "127.0.0.1");
  const client = await openClient(`${wsUrl}/echo`, { headers: { "X-Forwarded-For": "192.0.2.7" } });
  client.ws.terminate();
  const [line] = await program.waitFor("stderr", /^.*"code":1006.*$/m);
  expect(line).toContain('"remoteAddress":"192.0.2.7"');
});

it("listens on a Unix socket", async () => {
  const path = join(makeFolder(), "hawser.sock");
  const program = new Program(["serve", "--socket", path]);
  await program.waitFor("stdout", /^listening on unix:.*hawser\.sock\n$/);
  const client = await openClient(`ws+unix://${path}:/echo`);
  client.ws.send("in");
  expect(await client.receive()).toBe("in");
  program.kill("SIGTERM");
  expect(await program.ended).toMatchObject({ code: 0 });
  expect(existsSync(path)).toBe(false);
});
