import { describe, expect, it } from "vitest";
import { createTransportPair, createVirtualRuntime } from "../testing/index.js";
import { resolveSocketOptions } from "./socket-options.js";
import { toStreams } from "./stream-adapter.js";
import { openSocket, type TransportSocket } from "./transport-socket.js";

const runtime = createVirtualRuntime();

function createPair(): [TransportSocket, TransportSocket] {
  const [a, b] = createTransportPair();
  const common = { runtime, headers: new Map<string, string>(), url: "/", protocol: "", extensions: "", deflate: null };
  return [
    openSocket({ ...common, role: "client", transport: a, options: resolveSocketOptions({}, "client"), id: "c" }),
    openSocket({ ...common, role: "server", transport: b, options: resolveSocketOptions({}, "server"), id: "s" }),
  ];
}

describe("toStreams", () => {
  it("reads messages as chunks until the peer's Close", async () => {
    const [client, server] = createPair();
    await server.send("one");
    await server.send(Uint8Array.of(2));
    void server.close();
    const chunks: unknown[] = [];
    for await (const chunk of toStreams(client).readable) chunks.push(chunk);
    expect(chunks).toEqual(["one", Uint8Array.of(2)]);
  });

  it("writes chunks as messages, and closes with 1000 when the writable is closed", async () => {
    const [client, server] = createPair();
    const streams = toStreams(client);
    const writer = streams.writable.getWriter();
    await writer.write("a");
    await writer.write("b");
    await writer.close();
    expect([await server.receive(), await server.receive(), await server.receive()]).toEqual(["a", "b", null]);
    expect(await server.closed).toMatchObject({ code: 1000, clean: true });
  });

  it("leaves messages unread until the reader asks, so that the peer feels the backpressure", async () => {
    const [client, server] = createPair();
    const { readable } = toStreams(client);
    for (let i = 0; i < 40; i++) server.post(new Uint8Array(16 * 1024));
    await runtime.clock.advance(0); // everything that can happen has happened
    expect(server.bufferedBytes).toBeGreaterThan(64 * 1024);
    await readable.cancel();
    expect(await client.closed).toMatchObject({ clean: false, initiator: "local" });
  });

  it("fails both streams when the connection is lost", async () => {
    const [client, server] = createPair();
    const { readable, writable } = toStreams(client);
    const reader = readable.getReader();
    server.abort();
    await expect(reader.read()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await expect(writable.getWriter().closed).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });

  it("aborts the connection when the writable is aborted", async () => {
    const [client] = createPair();
    await toStreams(client).writable.abort("no more");
    expect(await client.closed).toMatchObject({ code: 1006, initiator: "local" });
  });
});
