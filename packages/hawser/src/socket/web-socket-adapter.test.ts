import { describe, expect, it } from "vitest";
import { createTransportPair, createVirtualRuntime } from "../testing/index.js";
import { resolveSocketOptions } from "./socket-options.js";
import { openSocket, type TransportSocket } from "./transport-socket.js";
import { SocketCloseEvent, WebSocketAdapter } from "./web-socket-adapter.js";

function createPair(): [TransportSocket, TransportSocket] {
  const runtime = createVirtualRuntime();
  const [a, b] = createTransportPair();
  const common = {
    runtime,
    headers: new Map<string, string>(),
    url: "/",
    protocol: "chat",
    extensions: "",
    deflate: null,
  };
  return [
    openSocket({ ...common, role: "client", transport: a, options: resolveSocketOptions({}, "client"), id: "c" }),
    openSocket({ ...common, role: "server", transport: b, options: resolveSocketOptions({}, "server"), id: "s" }),
  ];
}

function next(target: WebSocketAdapter, type: "open" | "message" | "error" | "close"): Promise<Event> {
  return new Promise((resolve) => {
    target.addEventListener(type, resolve as (event: Event) => void, { once: true });
  });
}

describe("WebSocketAdapter", () => {
  it("opens, carries text and binary, and closes with the peer's code, as a browser's WebSocket does", async () => {
    const [client, server] = createPair();
    const ws = new WebSocketAdapter(client);
    expect(ws.readyState).toBe(WebSocketAdapter.OPEN);
    await next(ws, "open");
    ws.send("hello");
    expect(await server.receive()).toBe("hello");
    const text = next(ws, "message");
    await server.send("world");
    expect(((await text) as MessageEvent).data).toBe("world");
    const binary = next(ws, "message");
    await server.send(Uint8Array.of(1, 2, 3));
    expect(new Uint8Array(((await binary) as MessageEvent).data as ArrayBuffer)).toEqual(Uint8Array.of(1, 2, 3));
    const closed = next(ws, "close");
    void server.close(4001, "enough");
    const event = (await closed) as SocketCloseEvent;
    expect(event).toBeInstanceOf(SocketCloseEvent);
    expect({ code: event.code, reason: event.reason, clean: event.wasClean }).toEqual({
      code: 4001,
      reason: "enough",
      clean: true,
    });
    expect(ws.readyState).toBe(WebSocketAdapter.CLOSED);
  });

  it("calls the on… handlers, with the adapter as the event's target", async () => {
    const [client, server] = createPair();
    const ws = new WebSocketAdapter(client);
    const seen: [string, boolean][] = [];
    ws.onopen = (event) => seen.push([event.type, event.target === ws]);
    ws.onmessage = (event) => seen.push([String(event.data), event.target === ws]);
    ws.onclose = (event) => seen.push([event.type, event.target === ws]);
    const closed = next(ws, "close");
    await server.send("once");
    void server.close();
    await closed;
    expect(seen).toEqual([
      ["open", true],
      ["once", true],
      ["close", true],
    ]);
  });

  it("reports a lost connection as error, then close with 1006", async () => {
    const [client, server] = createPair();
    const ws = new WebSocketAdapter(client);
    const events: string[] = [];
    ws.addEventListener("error", () => events.push("error"));
    const closed = next(ws, "close");
    server.abort();
    const event = (await closed) as SocketCloseEvent;
    expect(events).toEqual(["error"]);
    expect({ code: event.code, clean: event.wasClean }).toEqual({ code: 1006, clean: false });
  });

  it("refuses close codes that a browser refuses", () => {
    const [client] = createPair();
    const ws = new WebSocketAdapter(client);
    expect(() => ws.close(1001)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  it("gives binary messages as Uint8Array when asked to", async () => {
    const [client, server] = createPair();
    const ws = new WebSocketAdapter(client);
    ws.binaryType = "uint8array";
    const message = next(ws, "message");
    await server.send(Uint8Array.of(9));
    expect(((await message) as MessageEvent).data).toEqual(Uint8Array.of(9));
  });
});
