import { describe, expect, it } from "vitest";
import { openBoth, openWithPeer, outcome } from "../support/socket-fixture.js";
import { randomSplit } from "../../src/testing/index.js";
import type { MessageStream, SocketOptions, StreamHandlers } from "../../src/socket/index.js";

const stream: SocketOptions = { mode: "stream" };

async function readAll(message: MessageStream | null): Promise<(string | Uint8Array)[]> {
  const pieces: (string | Uint8Array)[] = [];
  for await (const piece of message ?? []) pieces.push(piece);
  return pieces;
}

function openPushed(
  message: NonNullable<StreamHandlers["message"]>,
  options: SocketOptions = {},
): ReturnType<typeof openWithPeer> {
  return openWithPeer({ options: { ...stream, ...options }, streamHandlers: { message } });
}

describe("streams that are pulled", () => {
  it("are given out as they begin, in pieces as frames bring them", async () => {
    const { socket, peer, settle } = openWithPeer({ options: stream });
    peer.sendFrame({ opcode: 2, fin: false, payload: Uint8Array.of(1) });
    const message = await socket.receiveStream();
    expect(message?.type).toBe("binary");
    const reading = readAll(message);
    await settle();
    peer.sendFrame({ opcode: 0, fin: false, payload: Uint8Array.of(2) });
    peer.sendFrame({ opcode: 0, payload: Uint8Array.of(3) });
    expect(await reading).toEqual([Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]);
  });

  it("end with null after the peer's Close, and CONNECTION_LOST without one", async () => {
    const closed = openWithPeer({ options: stream });
    closed.peer.sendClose(1000);
    expect(await closed.socket.receiveStream()).toBeNull();
    const lost = openWithPeer({ options: stream });
    lost.peer.sendFrame({ opcode: 1, fin: false, payload: "half" });
    const message = await lost.socket.receiveStream();
    await lost.settle();
    lost.transport.cut();
    await expect(readAll(message)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await expect(lost.socket.receiveStream()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });

  it("give what came before a loss first", async () => {
    const { socket, peer, settle, transport } = openWithPeer({ options: stream });
    peer.sendFrame({ opcode: 1, fin: false, payload: "came" });
    const message = await socket.receiveStream();
    await settle();
    transport.cut();
    await settle();
    const got: unknown[] = [];
    await expect(
      (async () => {
        for await (const piece of message ?? []) got.push(piece);
      })(),
    ).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(got).toEqual(["came"]);
  });

  it("drop what is unread when the next one is asked for", async () => {
    const { socket, peer } = openWithPeer({ options: stream });
    peer.sendText("first");
    peer.sendText("second");
    await socket.receiveStream();
    expect(await readAll(await socket.receiveStream())).toEqual(["second"]);
  });

  it("can be cancelled: the rest is dropped and the next one comes", async () => {
    const { socket, peer, settle } = openWithPeer({ options: stream });
    peer.sendFrame({ opcode: 1, fin: false, payload: "a" });
    const first = await socket.receiveStream();
    first?.cancel();
    peer.sendFrame({ opcode: 0, payload: "b" });
    peer.sendText("next");
    await settle();
    expect(await readAll(first)).toEqual([]);
    expect(await readAll(await socket.receiveStream())).toEqual(["next"]);
  });

  it("have one reader", async () => {
    const { socket, peer } = openWithPeer({ options: stream });
    peer.sendText("x");
    const message = await socket.receiveStream();
    expect(await readAll(message)).toEqual(["x"]);
    await expect(readAll(message)).rejects.toMatchObject({ code: "INVALID_STATE" });
  });

  it("need mode stream", async () => {
    await expect(openWithPeer().socket.receiveStream()).rejects.toMatchObject({ code: "INVALID_STATE" });
  });

  it("can be waited for with a time", async () => {
    const { socket, clock } = openWithPeer({ options: stream });
    const waiting = socket.receiveStream({ timeoutMs: 50 });
    await clock.advance(80);
    await expect(waiting).rejects.toMatchObject({ code: "TIMEOUT" });
  });

  it("keep at most 256 KiB unread, whatever the size of the message, and pause the transport", async () => {
    const { socket, peer, settle, transport, runtime } = openWithPeer({
      options: { ...stream, maxMessageBytes: 1000 },
      transport: { capacityBytes: 10_000_000 },
    });
    peer.sendFrame({ opcode: 2, payload: new Uint8Array(3_000_000) });
    const message = await socket.receiveStream();
    await settle();
    expect(transport.paused).toBe(true);
    expect(runtime.ledger.bytes).toBeLessThan(256 * 1024 + 4 * 65_536);
    let size = 0;
    for await (const piece of message ?? []) size += piece.length;
    expect(size).toBe(3_000_000);
    await settle();
    expect({ paused: transport.paused, bytes: runtime.ledger.bytes }).toEqual({ paused: false, bytes: 0 });
  });

  it("REL-A13 count the memory of pieces of one byte, too", async () => {
    const { socket, peer, settle, transport } = openWithPeer({ options: stream, transport: { capacityBytes: 1e7 } });
    peer.sendFrame({ opcode: 2, fin: false, payload: "0" });
    const message = await socket.receiveStream();
    const tiny = Buffer.from("000137fa213d00".replace("0001", "0081"), "hex");
    peer.send(Buffer.concat(Array.from({ length: 30_000 }, () => tiny)));
    await settle();
    expect(transport.paused).toBe(true);
    let pieces = 0;
    peer.sendFrame({ opcode: 0, payload: "" });
    for await (const piece of message ?? []) pieces += piece.length;
    expect(pieces).toBe(30_001);
  });

  it("collect the whole within a limit of bytes", async () => {
    const { socket, peer } = openWithPeer({ options: { ...stream, maxMessageBytes: 10 } });
    peer.sendText("ééééé");
    expect(await (await socket.receiveStream())?.collect()).toBe("ééééé");
    peer.sendText("éééééx");
    await expect((await socket.receiveStream())?.collect()).rejects.toMatchObject({ code: "MESSAGE_TOO_BIG" });
    peer.sendFrame({ opcode: 2, payload: new Uint8Array(11) });
    expect(await (await socket.receiveStream())?.collect({ maxBytes: 11 })).toHaveLength(11);
    peer.sendText("still open");
    expect(await (await socket.receiveStream())?.collect()).toBe("still open");
  });
});

describe("text streams", () => {
  it.each([1, 2, 3, 5, 7])("are cut at code points, however reads of %i bytes cut them", async (split) => {
    const text = "a😀é€\u{10ffff}b".repeat(20);
    const { socket, peer } = openWithPeer({ options: stream, transport: { split } });
    const bytes = Buffer.from(text);
    peer.sendFrame({ opcode: 1, fin: false, payload: bytes.subarray(0, 3) });
    peer.sendFrame({ opcode: 0, fin: false, payload: bytes.subarray(3, 10) });
    peer.sendFrame({ opcode: 0, payload: bytes.subarray(10) });
    const pieces = await readAll(await socket.receiveStream());
    expect(pieces.join("")).toBe(text);
    expect(pieces.every((piece) => !/\p{Surrogate}/u.test(piece as string))).toBe(true);
  });

  it.each([
    ["inside", "81 82 00000000 c328"],
    ["cut at the end", "81 81 00000000 c3"],
    ["across frames", "01 81 00000000 e2 80 81 00000000 41"],
  ])("that are not UTF-8 end the connection with 1007: %s", async (_name, hex) => {
    const { socket, peer, settle, frames } = openWithPeer({ options: stream });
    peer.sendHex(hex);
    await settle();
    expect(frames()).toEqual(["close 1007 UTF8_INVALID"]);
    peer.end();
    expect(await socket.closed).toMatchObject({ error: { code: "UTF8_INVALID" } });
  });
});

describe("streams that are pushed", () => {
  it("go to the handler as they begin; the next waits until it is done", async () => {
    const got: string[] = [];
    const { peer, settle } = openPushed(async (_socket, message) => {
      got.push("begin");
      for await (const piece of message) got.push(String(piece));
      got.push("end");
    });
    peer.sendFrame({ opcode: 1, fin: false, payload: "a" });
    await settle();
    expect(got).toEqual(["begin", "a"]);
    peer.sendFrame({ opcode: 0, payload: "b" });
    peer.sendText("c");
    await settle();
    expect(got).toEqual(["begin", "a", "b", "end", "begin", "c", "end"]);
  });

  it.each<[string, NonNullable<StreamHandlers["message"]>]>([
    ["returns at once", () => {}],
    [
      "leaves its loop",
      async (_s, message) => {
        for await (const piece of message) if (piece.length > 0) return;
      },
    ],
    ["cancels", (_s, message) => message.cancel()],
  ])("are dropped when the handler %s", async (_name, handler) => {
    let begun = 0;
    const { peer, settle, runtime } = openPushed((socket, message) => (begun++, handler(socket, message)));
    peer.sendFrame({ opcode: 2, fin: false, payload: new Uint8Array(100) });
    for (let i = 0; i < 20; i++) peer.sendFrame({ opcode: 0, fin: false, payload: new Uint8Array(50_000) });
    peer.sendFrame({ opcode: 0 });
    peer.sendText("next");
    await settle();
    expect({ begun, bytes: runtime.ledger.bytes }).toEqual({ begun: 2, bytes: 0 });
  });

  it("end the connection with 1011 when the handler fails, and with 1009 when collect does", async () => {
    const failing = openPushed(() => Promise.reject(new Error("no")));
    failing.peer.sendText("x");
    await failing.settle();
    expect(failing.frames()).toEqual(["close 1011"]);
    const collecting = openPushed(async (_s, message) => void (await message.collect({ maxBytes: 3 })));
    collecting.peer.sendText("xxxx");
    await collecting.settle();
    expect(collecting.frames()).toEqual(["close 1009 MESSAGE_TOO_BIG"]);
  });

  it("let their handler await close()", async () => {
    const { socket, peer, settle } = openPushed(async (s) => void (await s.close()));
    peer.sendFrame({ opcode: 1, fin: false, payload: "a" });
    peer.sendFrame({ opcode: 0, payload: "x".repeat(1000) });
    peer.sendClose(1000);
    peer.end();
    await settle();
    expect(await outcome(socket.closed)).toBe("settled");
    expect(await socket.closed).toMatchObject({ clean: true });
  });

  it("arrive whole from sendStream, under any split", async () => {
    const texts: string[] = [];
    const { server, client, settle } = openBoth({
      server: {
        options: stream,
        streamHandlers: { message: async (_s, message) => void texts.push(String(await message.collect())) },
      },
      transport: { split: randomSplit(3, 50) },
    });
    await client.sendStream(["He", "llo \ud83d", "\ude00"]);
    client.post("whole");
    await client.sendStream(
      (async function* () {
        for (let i = 0; i < 50; i++) yield `${i},`;
      })(),
    );
    void client.close();
    await settle();
    expect(await server.closed).toMatchObject({ clean: true });
    expect(texts).toEqual(["Hello 😀", "whole", `${Array.from({ length: 50 }, (_, i) => i).join(",")},`]);
  });
});
