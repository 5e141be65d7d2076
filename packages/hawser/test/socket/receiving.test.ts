import { describe, expect, it } from "vitest";
import { createBench, openOn, openWithPeer, outcome } from "../support/socket-fixture.js";
import { createDeferred } from "../../src/internal/deferred.js";
import { portableBytes } from "../../src/internal/portable-bytes.js";
import { encodeWireFrame, createTransportPair } from "../../src/testing/index.js";
import type { Message, TransportSink } from "../../src/socket/index.js";

const frame = (payload: string | Uint8Array, opcode = 1) => encodeWireFrame({ opcode, payload, masked: true });
const messages = (count: number) => Buffer.concat(Array.from({ length: count }, (_, i) => frame(String(i))));

describe("pushed messages", () => {
  it("come in order, text as strings and binary as the application's own bytes", async () => {
    const got: Message[] = [];
    const { peer, settle } = openWithPeer({ handlers: { message: (_s, data) => void got.push(data) } });
    peer.sendText("a");
    peer.sendFrame({ opcode: 2, payload: Uint8Array.of(1, 2) });
    peer.sendText("");
    await settle();
    expect(got).toEqual(["a", Uint8Array.of(1, 2), ""]);
    expect(got[1]?.constructor).toBe(Uint8Array);
  });

  it("wait while the handler's promise does, in order and without loss, within a chunk and beyond", async () => {
    const gates = [createDeferred<void>(), createDeferred<void>(), createDeferred<void>()];
    const got: Message[] = [];
    const { peer, settle } = openWithPeer({
      handlers: { message: (_s, data) => (got.push(data), gates[got.length - 1]?.promise) },
    });
    peer.send(messages(3));
    await settle();
    peer.send(messages(2));
    await settle();
    expect(got).toEqual(["0"]);
    gates[0]?.resolve();
    await settle();
    expect(got).toEqual(["0", "1"]);
    gates[1]?.resolve();
    gates[2]?.resolve();
    await settle();
    expect(got).toEqual(["0", "1", "2", "0", "1"]);
  });

  it("pause the transport with the first chunk that comes while held, and resume it", async () => {
    const gate = createDeferred<void>();
    const { peer, settle, transport, socket } = openWithPeer({ handlers: { message: () => gate.promise } });
    peer.send(messages(2));
    await settle();
    expect(transport.paused).toBe(false);
    peer.send(messages(1));
    await settle();
    expect(transport.paused).toBe(true);
    gate.resolve();
    await settle();
    expect({ paused: transport.paused, state: socket.state }).toEqual({ paused: false, state: "open" });
  });

  it("of a chunk with 10,000 of them cost an async handler no more copies than the chunk is long", async () => {
    let copied = 0;
    const copy = (...args: Parameters<typeof portableBytes.copy>): void => {
      copied += args[2] - args[1];
      portableBytes.copy(...args);
    };
    const bytes = { ...portableBytes, copy };
    const bench = createBench({ bytes });
    const chunk = messages(10_000);
    let got = 0;
    const { peer, settle } = openWithPeer({
      bench,
      handlers: { message: async (_s, data) => void (data === String(got) && got++) },
      transport: { capacityBytes: 1_000_000 },
    });
    peer.send(chunk);
    await settle();
    expect(got).toBe(10_000);
    expect(copied).toBeLessThanOrEqual(2 * chunk.length);
  });

  it("with borrow are lent for the length of the call", async () => {
    const got: Uint8Array[] = [];
    const contents: number[][] = [];
    const { peer, settle } = openWithPeer({
      options: { borrow: true },
      handlers: {
        message: (_s, data) => void (got.push(data as Uint8Array), contents.push([...(data as Uint8Array)])),
      },
    });
    peer.sendFrame({ opcode: 2, payload: Uint8Array.of(1, 2, 3) });
    await settle();
    expect(contents).toEqual([[1, 2, 3]]);
    expect([...(got[0] ?? [])]).not.toEqual([1, 2, 3]); // overwritten since
  });

  it("are dropped without a handler, and cannot be pulled", async () => {
    const { socket, peer, settle } = openWithPeer({ handlers: {} });
    peer.send(messages(100));
    await settle();
    const refused = { name: "UsageError", code: "INVALID_STATE" };
    await expect(socket.receive()).rejects.toMatchObject(refused);
    await expect(socket.receiveStream()).rejects.toMatchObject(refused);
    await expect(socket[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused);
  });

  it("keep lent bytes of a reused Buffer, whatever is held", async () => {
    const bench = createBench();
    const [transport] = createTransportPair();
    let sink: TransportSink | undefined;
    transport.start = (given) => void (sink = given);
    const got: Message[] = [];
    const gate = createDeferred<void>();
    const socket = openOn(bench, transport, {
      handlers: { message: (_s, data) => (got.push(data), got.length === 1 ? gate.promise : undefined) },
    });
    const shared = Buffer.alloc(100);
    for (const text of ["one", "two", "three"]) {
      const bytes = frame(text);
      shared.set(bytes);
      sink?.onData(shared, 0, bytes.length);
      shared.fill(0xee);
    }
    gate.resolve();
    await bench.clock.advance(0);
    expect(got).toEqual(["one", "two", "three"]);
    sink?.onClosed(undefined);
    await socket.closed;
  });

  it("that came with the handshake are read first", async () => {
    const order: unknown[] = [];
    const { peer, settle } = openWithPeer({
      head: Uint8Array.from(Buffer.concat([frame("head"), frame("cut").subarray(0, 4)])),
      handlers: { open: () => void order.push("open"), message: (_s, data) => void order.push(data) },
    });
    peer.send(frame("cut").subarray(4), frame("after"));
    await settle();
    expect(order).toEqual(["open", "head", "cut", "after"]);
  });

  it("do not wait for an open handler that returns a promise", async () => {
    const got: Message[] = [];
    const { peer, settle } = openWithPeer({
      handlers: { open: () => createDeferred<void>().promise, message: (_s, data) => void got.push(data) },
    });
    peer.sendText("early");
    await settle();
    expect(got).toEqual(["early"]);
  });

  it("end with 1011 when the promise of an open handler rejects", async () => {
    const gate = createDeferred<void>();
    const { socket, peer, settle, frames } = openWithPeer({ handlers: { open: () => gate.promise } });
    await settle();
    gate.reject(new Error("bug"));
    await settle();
    expect(frames()).toEqual(["close 1011"]);
    peer.sendClose(1011);
    peer.end();
    expect(await socket.closed).toMatchObject({ code: 1011, error: { code: "HANDLER_FAILED" } });
  });
});

describe("pulled messages", () => {
  it("come one by one, to as many calls as wait, in order", async () => {
    const { socket, peer } = openWithPeer();
    const waiting = [socket.receive(), socket.receive()];
    peer.send(messages(3));
    expect(await Promise.all(waiting)).toEqual(["0", "1"]);
    expect(await socket.receive()).toBe("2");
  });

  it("come in a for await loop, which ends with the peer's Close", async () => {
    const { socket, peer } = openWithPeer();
    peer.send(messages(40));
    peer.sendClose(1000);
    const got: Message[] = [];
    for await (const message of socket) got.push(message);
    expect(got).toEqual(Array.from({ length: 40 }, (_, i) => String(i)));
  });

  it("wait up to 16; then reading stops, and goes on when there is room", async () => {
    const { socket, peer, settle, transport } = openWithPeer();
    peer.send(messages(16));
    await settle();
    peer.send(messages(1));
    await settle();
    expect(transport.paused).toBe(true);
    await socket.receive();
    await socket.receive();
    await settle();
    expect(transport.paused).toBe(false);
  });

  it("wait up to 256 KiB, overhead counted; what is held shows in the ledger", async () => {
    const { socket, peer, settle, transport, runtime } = openWithPeer({ transport: { capacityBytes: 10_000_000 } });
    for (let i = 0; i < 8; i++) peer.sendFrame({ opcode: 2, payload: new Uint8Array(100_000) });
    await settle();
    expect(transport.paused).toBe(true);
    expect(runtime.ledger.bytes).toBeGreaterThan(300_000);
    expect(runtime.ledger.bytes).toBeLessThan(256 * 1024 + 100_000 + 3 * 65_536);
    for (let i = 0; i < 8; i++) expect(await socket.receive()).toHaveLength(100_000);
    await settle();
    expect({ paused: transport.paused, bytes: runtime.ledger.bytes }).toEqual({ paused: false, bytes: 0 });
  });

  it("that came before are delivered before null or CONNECTION_LOST", async () => {
    const closed = openWithPeer();
    closed.peer.send(messages(2));
    closed.peer.sendClose(1000);
    closed.peer.end();
    await closed.settle();
    expect([await closed.socket.receive(), await closed.socket.receive(), await closed.socket.receive()]).toEqual([
      "0",
      "1",
      null,
    ]);
    const lost = openWithPeer();
    lost.peer.send(messages(2));
    await lost.settle();
    lost.transport.cut();
    await lost.settle();
    expect([await lost.socket.receive(), await lost.socket.receive()]).toEqual(["0", "1"]);
    await expect(lost.socket.receive()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });

  it("are dropped by abort(), and receive throws CONNECTION_LOST", async () => {
    const { socket, peer, settle } = openWithPeer();
    peer.send(messages(2));
    await settle();
    const pending = openWithPeer();
    const waiting = pending.socket.receive();
    pending.socket.abort();
    socket.abort();
    await expect(waiting).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await settle();
    await expect(socket.receive()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });

  it("can be waited for with a signal and a time; what comes later goes to the next call", async () => {
    const { socket, peer, clock, runtime } = openWithPeer();
    const controller = new AbortController();
    const first = socket.receive({ signal: controller.signal });
    const second = socket.receive({ timeoutMs: 50 });
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: "ABORTED" });
    await clock.advance(80);
    await expect(second).rejects.toMatchObject({ code: "TIMEOUT" });
    const third = socket.receive({ timeoutMs: 1000 });
    peer.sendText("for the third");
    expect(await third).toBe("for the third");
    expect(runtime.wheel.size).toBe(0);
  });

  it("are not taken by a call whose signal is aborted already", async () => {
    const { socket, peer, settle } = openWithPeer();
    peer.sendText("kept");
    await settle();
    await expect(socket.receive({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    expect(await socket.receive()).toBe("kept");
  });

  it("that wait do not keep close() from ending the connection", async () => {
    const { socket, peer, settle } = openWithPeer();
    peer.send(messages(30));
    await settle();
    void socket.close();
    peer.sendClose(1000);
    peer.end();
    await settle();
    expect(await socket.closed).toMatchObject({ clean: true });
    for (let i = 0; i < 16; i++) expect(await socket.receive()).toBe(String(i));
    expect(await socket.receive()).toBeNull();
  });

  it("need mode message", async () => {
    const { socket } = openWithPeer({ options: { mode: "stream" } });
    await expect(socket.receive()).rejects.toMatchObject({ code: "INVALID_STATE" });
  });
});

describe("what a handler may do", () => {
  it("await close() in a message handler: the peer's Close is still read", async () => {
    const { socket, peer, settle } = openWithPeer({ handlers: { message: async (s) => void (await s.close()) } });
    peer.sendText("now");
    await settle();
    peer.sendClose(1000);
    peer.end();
    await settle();
    expect(await outcome(socket.closed)).toBe("settled");
    expect(await socket.closed).toMatchObject({ clean: true, error: null });
  });

  it("await close() in open", async () => {
    const { socket, peer, settle, frames } = openWithPeer({
      handlers: { open: async (s) => void (await s.close(4000)) },
    });
    await settle();
    expect(frames()).toEqual(["close 4000"]);
    peer.sendClose(4000);
    peer.end();
    await settle();
    expect(await socket.closed).toMatchObject({ clean: true });
  });

  it("abort in any handler", async () => {
    for (const name of ["open", "message", "closing", "error", "close"] as const) {
      const calls: string[] = [];
      const { socket, peer, settle } = openWithPeer({
        head: Uint8Array.from(frame("head")),
        handlers: {
          [name]: (s: { abort(): void }) => (calls.push(name), s.abort()),
          ...(name === "close" ? {} : { close: () => void calls.push("closed") }),
        },
      });
      if (name === "error") peer.sendHex("8f80 00000000");
      else peer.sendClose(1000);
      await settle();
      peer.end();
      await settle();
      expect(calls).toEqual(name === "close" ? ["close"] : [name, "closed"]);
      expect(socket.state).toMatch(/aborted|closed/);
    }
  });

  it("close and post in a message handler, with more messages behind it in the chunk", async () => {
    const got: Message[] = [];
    const { peer, settle, frames } = openWithPeer({
      handlers: {
        message: (s, data) => {
          got.push(data);
          s.post("last");
          void s.close(4000);
        },
      },
    });
    peer.send(messages(5));
    await settle();
    expect({ got, frames: frames() }).toEqual({ got: ["0"], frames: ["text last", "close 4000"] });
  });

  it("answer the Close itself in closing", async () => {
    const { peer, settle, frames } = openWithPeer({
      handlers: { closing: (s) => void (s.post("bye"), s.close(4002)) },
    });
    peer.sendClose(4001);
    await settle();
    expect(frames()).toEqual(["text bye", "close 4002"]);
  });

  it("close again in close, and see the same report", async () => {
    const reports: unknown[] = [];
    const { socket, peer, settle } = openWithPeer({
      handlers: { close: (s, report) => void s.close().then((again) => reports.push(again === report)) },
    });
    peer.end();
    await settle();
    await socket.closed;
    await settle();
    expect(reports).toEqual([true]);
  });
});
