import { describe, expect, it } from "vitest";
import { openBoth, openWithPeer, outcome } from "../support/socket-fixture.js";
import { createDeferred, type Deferred } from "../../src/internal/deferred.js";
import { ProtocolError } from "../../src/internal/errors.js";
import { createZlibDeflate } from "../../src/node/index.js";
import type { DeflatePort } from "../../src/protocol/index.js";
import { randomSplit } from "../../src/testing/index.js";

/** "Compresses" to "z<n>" and the piece, n counting the calls as a window would remember them. */
class MarkerPort implements DeflatePort {
  readonly inflaterCalls: string[] = [];
  closed = 0;
  #busy = 0;
  #answer: <T>(value: () => T) => T | Promise<T>;

  constructor(answer: <T>(value: () => T) => T | Promise<T> = (value) => value()) {
    this.#answer = answer;
  }

  canKeep(): boolean {
    return true;
  }

  createDeflater(): ReturnType<DeflatePort["createDeflater"]> {
    let count = 0;
    return {
      forget: () => void (count = 0),
      deflate: (piece) => this.#once(() => Buffer.concat([Buffer.from(`z${++count}`), piece])),
      close: () => void this.closed++,
    };
  }

  createInflater(): ReturnType<DeflatePort["createInflater"]> {
    return {
      inflate: (piece, last, maxBytes) => {
        this.inflaterCalls.push(`${Buffer.from(piece).toString()}${last ? "." : ""}`);
        return this.#once(() => {
          const text = Buffer.from(piece).toString();
          if (text === "corrupt") throw new ProtocolError("COMPRESSED_DATA_INVALID", 1007, "corrupt");
          if (text === "broken") throw new Error("the compressor broke");
          if (piece.length > maxBytes) throw new ProtocolError("MESSAGE_TOO_BIG", 1009, "too big");
          return Uint8Array.from(piece);
        });
      },
      close: () => void this.closed++,
    };
  }

  /** Fails when it is called before its last promise has settled. */
  #once<T>(value: () => T): T | Promise<T> {
    if (this.#busy > 0) throw new Error("called while busy");
    const answer = this.#answer(value);
    if (!(answer instanceof Promise)) return answer;
    this.#busy++;
    return answer.finally(() => void this.#busy--);
  }
}

/** Answers each call when the test lets it. */
function createSlowPort(): { port: MarkerPort; gates: Deferred<void>[] } {
  const gates: Deferred<void>[] = [];
  const port = new MarkerPort(async (value) => {
    const gate = createDeferred<void>();
    gates.push(gate);
    await gate.promise;
    return value();
  });
  return { port, gates };
}

const deflated = (payload: string, opcode = 2) => ({ opcode, rsv1: true, payload });

describe("compressed sending", () => {
  it("keeps the order with what is not compressed: below the threshold, told not to, control frames", async () => {
    const { socket, settle, frames } = openWithPeer({
      deflate: { port: new MarkerPort(), takeover: true, thresholdBytes: 3 },
    });
    socket.post("one");
    socket.post("ab");
    void socket.send("secret", { compress: false });
    void socket.send("two");
    void socket.sendStream(["x", "y"]);
    await settle();
    void socket.ping("p");
    socket.post("three");
    await settle();
    expect(frames()).toEqual([
      "text deflated z1one",
      "text ab",
      "text secret",
      "text deflated z2two",
      "text… deflated z3x",
      "more… z4y",
      "more z5",
      "ping p",
      "text deflated z6three",
    ]);
  });

  it("keeps the order when the compressor answers later; control frames do not wait", async () => {
    const { port, gates } = createSlowPort();
    const { socket, settle, frames } = openWithPeer({ deflate: { port, takeover: true } });
    const sends = [socket.send("a"), socket.send("b", { compress: false }), socket.send("c")];
    void socket.ping("p");
    await settle();
    expect(frames()).toEqual(["ping p"]);
    gates[0]?.resolve();
    await settle();
    expect(frames()).toEqual(["ping p", "text deflated z1a", "text b"]);
    gates[1]?.resolve();
    await Promise.all(sends);
    await settle();
    expect(frames().at(-1)).toBe("text deflated z2c");
  });

  it("has not touched the window for a message that is cancelled, and completes one it has begun", async () => {
    const { port, gates } = createSlowPort();
    const { socket, settle, frames } = openWithPeer({ deflate: { port, takeover: true } });
    const controller = new AbortController();
    const { signal } = controller;
    const [first, second] = [socket.send("a", { signal }), socket.send("b", { signal })];
    void socket.send("c");
    await settle();
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: "ABORTED" });
    gates[0]?.resolve();
    await first;
    await settle();
    gates[1]?.resolve();
    await settle();
    expect(frames()).toEqual(["text deflated z1a", "text deflated z2c"]);
  });

  it("does not take a message back that is compressed and waits for the transport", async () => {
    const { port, gates } = createSlowPort();
    const { socket, peer, settle, frames } = openWithPeer({
      deflate: { port, takeover: true },
      transport: { capacityBytes: 10 },
    });
    peer.pause();
    const controller = new AbortController();
    const send = socket.send("a", { signal: controller.signal });
    await settle();
    void socket.ping("x".repeat(50));
    await settle();
    gates[0]?.resolve();
    await settle();
    controller.abort();
    expect(await outcome(send)).toBe("pending");
    peer.resume();
    await send;
    await settle();
    expect(frames()).toEqual(["ping 50 bytes", "text deflated z1a"]);
  });

  it("without takeover sends what compression made longer as it was", async () => {
    const { socket, settle, frames } = openWithPeer({ deflate: { port: new MarkerPort() } });
    await socket.send("a");
    await settle();
    expect(frames()).toEqual(["text a"]);
  });

  it.each([
    ["at once", <T>(value: () => T): T => value()],
    ["later", async <T>(value: () => T): Promise<T> => value()],
  ] as const)("ends the connection with 1011 when the compressor fails %s", async (_name, answer) => {
    const port = new MarkerPort(answer);
    port.createDeflater = () => ({
      deflate: () =>
        answer<Uint8Array>(() => {
          throw new Error("broke");
        }),
      forget: () => {},
      close: () => {},
    });
    const errors: string[] = [];
    const { socket, settle, frames } = openWithPeer({
      deflate: { port },
      handlers: { error: (_s, error) => void errors.push(error.message) },
    });
    const sends = [socket.send("a"), socket.send("b")];
    const results = await Promise.allSettled(sends);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await settle();
    expect({ frames: frames(), errors }).toEqual({ frames: ["close 1011"], errors: ["a handler failed: broke"] });
  });

  it("sends nothing behind a Close, however late the compressor answers", async () => {
    const { port, gates } = createSlowPort();
    const { socket, peer, settle, frames } = openWithPeer({ deflate: { port } });
    const send = socket.send("a");
    await settle();
    peer.sendClose(1000);
    await expect(send).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    gates[0]?.resolve();
    await settle();
    expect({ frames: frames(), buffered: socket.bufferedBytes }).toEqual({ frames: ["close 1000"], buffered: 0 });
  });
});

describe("compressed receiving", () => {
  it.each([
    ["at once", undefined],
    ["later", async <T>(value: () => T): Promise<T> => value()],
  ])("REL-C9 keeps the order, with messages as they are and pings between, inflating %s", async (_name, answer) => {
    const got: unknown[] = [];
    const { peer, settle, frames } = openWithPeer({
      deflate: { port: new MarkerPort(answer) },
      handlers: {
        message: (_s, data) => void got.push(typeof data === "string" ? data : Buffer.from(data).toString()),
      },
    });
    peer.sendFrame(deflated("one", 1));
    peer.sendText("two");
    peer.sendFrame({ ...deflated("th"), fin: false });
    peer.sendFrame({ opcode: 9, payload: "p" });
    peer.sendFrame({ opcode: 0, payload: "ree" });
    peer.sendFrame(deflated("four"));
    await settle();
    expect({ got, frames: frames() }).toEqual({ got: ["one", "two", "three", "four"], frames: ["pong p"] });
  });

  it("gives an inflater that answers later memory that stays", async () => {
    const { port, gates } = createSlowPort();
    const got: unknown[] = [];
    const { peer, settle } = openWithPeer({
      deflate: { port },
      handlers: { message: (_s, data) => void got.push(data) },
    });
    peer.sendFrame(deflated("kept", 1));
    peer.sendText("next");
    await settle();
    gates[0]?.resolve();
    await settle();
    expect(got).toEqual(["kept", "next"]);
  });

  it.each([
    ["REL-C7 corrupt data", "corrupt", "close 1007 COMPRESSED_DATA_INVALID"],
    ["REL-C1 REL-C2 more than maxMessageBytes, inflated", "x".repeat(101), "close 1009 MESSAGE_TOO_BIG"],
    ["a compressor that fails", "broken", "close 1011"],
  ])("ends the connection for %s", async (_name, payload, close) => {
    for (const answer of [undefined, async <T>(value: () => T): Promise<T> => value()]) {
      const { peer, settle, frames } = openWithPeer({
        deflate: { port: new MarkerPort(answer) },
        options: { maxMessageBytes: 100 },
      });
      peer.sendFrame(deflated(payload));
      peer.sendFrame(deflated("next"));
      await settle();
      expect(frames()).toEqual([close]);
    }
  });

  it("REL-C7 ends the connection with 1007 for text that inflates to no UTF-8", async () => {
    const { peer, settle, frames } = openWithPeer({ deflate: { port: new MarkerPort() } });
    peer.sendFrame({ opcode: 1, rsv1: true, payload: Uint8Array.of(0xff) });
    await settle();
    expect(frames()).toEqual(["close 1007 UTF8_INVALID"]);
  });

  it.each(["close", "abort", "cut"] as const)("REL-C10 ends well while inflating: %s", async (how) => {
    for (const mode of ["message", "stream"] as const) {
      const { port, gates } = createSlowPort();
      const { socket, peer, settle, transport } = openWithPeer({ deflate: { port }, options: { mode } });
      peer.sendFrame({ ...deflated("one"), fin: false });
      peer.sendFrame({ opcode: 0, payload: "more" });
      peer.sendFrame(deflated("two"));
      await settle();
      if (how === "close") void socket.close();
      else if (how === "abort") socket.abort();
      else transport.cut();
      peer.sendClose(1000);
      peer.end();
      await settle();
      expect(await outcome(socket.closed)).toBe("settled");
      expect(await socket.closed).toMatchObject({ clean: how === "close" });
      for (const gate of gates) gate.resolve();
      await settle();
      expect({ calls: port.inflaterCalls.length, closed: port.closed }).toEqual({ calls: 1, closed: 2 });
    }
  });
});

describe("permessage-deflate over zlib, between two of ours", () => {
  it.each([true, false])("brings messages and streams across, window kept: %s", async (takeover) => {
    const deflate = { port: createZlibDeflate(), takeover, thresholdBytes: 10 };
    const got: unknown[] = [];
    const { server, client, settle } = openBoth({
      server: { deflate, handlers: { message: (_s, data) => void got.push(data) } },
      client: { deflate },
      transport: { split: randomSplit(5, 300) },
    });
    const texts = Array.from({ length: 30 }, (_, i) => `message ${i} `.repeat(i));
    for (const text of texts) client.post(text);
    await client.sendStream(["a stream ", "of text ".repeat(1000)]);
    await settle();
    expect(got).toEqual([...texts, `a stream ${"of text ".repeat(1000)}`]);
    void server.close();
    expect(await client.closed).toMatchObject({ clean: true });
  });

  it("REL-C8 delivers an empty compressed message", async () => {
    const { socket, peer } = openWithPeer({ deflate: { port: createZlibDeflate() } });
    peer.sendFrame({ opcode: 1, rsv1: true, payload: Uint8Array.of(0) });
    expect(await socket.receive()).toBe("");
  });

  it("inflates streams slice by slice, never more than the reader takes", async () => {
    const deflate = { port: createZlibDeflate(), thresholdBytes: 10 };
    let size = 0;
    const { server, client, bench, settle } = openBoth({
      client: { deflate },
      server: {
        deflate,
        options: { mode: "stream" },
        streamHandlers: {
          message: async (_s, message) => {
            for await (const piece of message) {
              expect(bench.runtime.ledger.bytes).toBeLessThan(4 * 1024 * 1024);
              size += piece.length;
            }
          },
        },
      },
    });
    await client.send(new Uint8Array(20_000_000));
    void client.close();
    await settle();
    expect(await server.closed).toMatchObject({ clean: true });
    expect(size).toBe(20_000_000);
  });
});
