// Sockets of ours through the fault proxy, with and without TLS: to it both are bytes.
import { afterEach, expect, it } from "vitest";
import { connect } from "../../src/node/index.js";
import type { Socket } from "../../src/socket/index.js";
import { createFaultProxy } from "../../src/testing/index.js";
import type { FaultProxy, PathFaults } from "../../src/testing/index.js";
import { startServer } from "../support/server-fixture.js";
import { testCertificate } from "../support/test-certificate.js";

const proxies: FaultProxy[] = [];

afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

interface Pair {
  readonly proxy: FaultProxy;
  readonly socket: Socket;
}

async function openThrough(scheme: string, faults: PathFaults = {}): Promise<Pair> {
  const server = await startServer(scheme === "wss" ? { tls: testCertificate } : {});
  const proxy = await createFaultProxy({ target: server.address().port, seed: 3, faults });
  proxies.push(proxy);
  const url = `${scheme}://127.0.0.1:${proxy.port}/echo`;
  const socket = await connect(url, scheme === "wss" ? { ca: testCertificate.cert } : {});
  return { proxy, socket };
}

it.each(["ws", "wss"])("%s: handshake and messages pass byte by byte, and at random", async (scheme) => {
  const { proxy, socket } = await openThrough(scheme, { toServer: { split: 1 }, toClient: { split: 1 } });
  await socket.send("byte by byte");
  expect(await socket.receive()).toBe("byte by byte");

  proxy.set({ toServer: { split: "random", delayMs: [0, 3] }, toClient: { split: "random", delayMs: 1 } });
  const bytes = new Uint8Array(20_000).fill(7);
  await socket.send(bytes);
  expect(await socket.receive()).toEqual(bytes);
  expect(await socket.close()).toMatchObject({ code: 1000, clean: true });
});

it.each(["ws", "wss"])(
  "%s: a cut within a message loses the connection, and nothing of the message comes",
  async (scheme) => {
    const { proxy, socket } = await openThrough(scheme);
    const { toClient } = await proxy.connection(0);
    toClient.set({ cutAfterBytes: toClient.passedBytes + 40 });
    await socket.send("x".repeat(5000));
    await expect(socket.receive()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(await socket.closed).toMatchObject({ code: 1006, clean: false });
  },
);

it("TLS finds out what was damaged, and ends the connection", async () => {
  const { proxy, socket } = await openThrough("wss");
  const { toServer } = await proxy.connection(0);
  toServer.set({ corruptOneIn: 50 });
  await socket.send("x".repeat(1000));
  await expect(socket.receive()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  expect(toServer.corruptedBytes).toBeGreaterThan(5);
});

it("a half-open connection is found by the heartbeat", async () => {
  const server = await startServer();
  const proxy = await createFaultProxy({ target: server.address().port });
  proxies.push(proxy);
  const heartbeat = { intervalMs: 50, timeoutMs: 50 };
  const socket = await connect(`ws://127.0.0.1:${proxy.port}/echo`, { heartbeat });
  (await proxy.connection(0)).silence();
  expect(await socket.closed).toMatchObject({ code: 1006, error: { code: "HEARTBEAT_TIMEOUT" } });
});
