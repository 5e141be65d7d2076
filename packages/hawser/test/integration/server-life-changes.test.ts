import { expect, it } from "vitest";
import type { Server } from "../../src/server/index.js";
import { formatHandshake } from "../support/raw-client.js";
import { connectRaw, connectWs, startServer } from "../support/server-fixture.js";

async function statusFor(server: Server, headers: Readonly<Record<string, string>>): Promise<number> {
  const client = await connectRaw(server);
  client.send(formatHandshake({ headers }));
  return (await client.answer()).status;
}

it("lets in other origins from now on, and those connected stay", async () => {
  const server = await startServer({ origins: ["https://a.example"] });
  const client = await connectWs(server, "/echo", { origin: "https://a.example" });
  server.setOrigins(["https://b.example"]);
  expect(await statusFor(server, { Origin: "https://a.example" })).toBe(403);
  expect(await statusFor(server, { Origin: "https://b.example" })).toBe(101);
  expect(() => server.setOrigins(["not an origin"])).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(await statusFor(server, { Origin: "https://b.example" })).toBe(101);
  expect(client.readyState).toBe(client.OPEN);
});

it("answers to other names from now on, and to those of the default again", async () => {
  const server = await startServer({ hosts: ["a.example"] });
  expect(await statusFor(server, { Host: "b.example" })).toBe(403);
  server.setHosts(["b.example"]);
  expect(await statusFor(server, { Host: "b.example" })).toBe(101);
  expect(await statusFor(server, { Host: "a.example" })).toBe(403);
  server.setHosts(null);
  expect(await statusFor(server, { Host: "b.example" })).toBe(403);
  expect(await statusFor(server, { Host: "localhost" })).toBe(101);
  expect(() => server.setHosts(["a b"])).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});

it("counts what it holds and what it refused", async () => {
  const server = await startServer({ maxConnections: 2 });
  expect(server.stats()).toMatchObject({ connections: 0, isOverloaded: false, refused: {}, unclean: 0, shed: 0 });
  expect(await statusFor(server, { Host: "evil.example" })).toBe(403);
  const one = await connectWs(server, "/echo");
  await connectWs(server, "/echo");
  expect(server.stats()).toMatchObject({
    connections: 2,
    isOverloaded: true,
    heldBytes: expect.any(Number) as number,
    maxMemoryBytes: expect.any(Number) as number,
    refused: { "host-not-allowed": 1 },
  });
  expect(await statusFor(server, {})).toBe(503);
  const [socket] = server.sockets;
  one.terminate();
  await socket?.closed;
  expect(server.stats()).toMatchObject({
    connections: 1,
    unclean: 1,
    refused: { "host-not-allowed": 1, "connection-limit": 1 },
  });
});
