import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createZlibDeflate, ZlibPool } from "../../src/node/index.js";
import { openWithPeer, outcome } from "../support/socket-fixture.js";
import type { Opened } from "../support/socket-fixture.js";

const KIB = 1024;

function compress(content: Uint8Array): Uint8Array {
  return deflateRawSync(content, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** 100 KiB of zeros in some 110 bytes. */
const hundred = { opcode: 2, rsv1: true, payload: compress(new Uint8Array(100 * KIB)) };

interface Flooded extends Opened {
  readonly count: () => number;
}

function open(maxInflatedBytesPerSecond: number, mode: "message" | "stream" = "message"): Flooded {
  let bytes = 0;
  const setup = {
    // how the work is sliced is not the point here
    deflate: { port: createZlibDeflate({ pool: new ZlibPool({ inflateSliceBytes: Infinity }) }) },
    options: { maxInflatedBytesPerSecond, mode },
  };
  const opened =
    mode === "message"
      ? openWithPeer({ ...setup, handlers: { message: (_s, data) => void (bytes += data.length) } })
      : openWithPeer({
          ...setup,
          streamHandlers: {
            message: async (_s, stream) => {
              for await (const piece of stream) bytes += piece.length;
            },
          },
        });
  return { ...opened, count: () => bytes / KIB };
}

describe("REL-C3 what a peer's messages inflate to in a second", () => {
  it.each(["message", "stream"] as const)("is bounded, by reading slower: mode %s", async (mode) => {
    const { peer, clock, settle, count, socket } = open(500 * KIB, mode);
    for (let i = 0; i < 100; i++) peer.sendFrame(hundred);
    await settle();
    const seconds = [count()];
    for (let second = 0; second < 3; second++) {
      await clock.advance(1000);
      seconds.push(count());
    }

    // a second's worth at once, and then so much in each
    expect(seconds.map((kib, i) => kib >= 500 * (i + 1) && kib <= 500 * (i + 1) + 120)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    await clock.advance(60_000);
    expect({ all: count(), state: socket.state }).toEqual({ all: 10_000, state: "open" });
  });

  it("is not bounded by Infinity", async () => {
    const { peer, settle, count } = open(Infinity);
    for (let i = 0; i < 100; i++) peer.sendFrame(hundred);
    await settle();

    expect(count()).toBe(10_000);
  });

  it("is 32 MiB by default", async () => {
    const { socket, peer, clock, settle } = openWithPeer({
      deflate: { port: createZlibDeflate({ pool: new ZlibPool({ inflateSliceBytes: Infinity }) }) },
      handlers: { message: (_s, data) => void (bytes += data.length) },
    });
    let bytes = 0;
    const mebibyte = { opcode: 2, rsv1: true, payload: compress(new Uint8Array(KIB * KIB)) };
    for (let i = 0; i < 50; i++) peer.sendFrame(mebibyte);
    await settle();
    expect(bytes / KIB / KIB).toBe(33);
    await clock.advance(1000);
    expect([bytes / KIB / KIB, socket.state]).toEqual([50, "open"]);
  });

  it("leaves alone who is honest: a burst of a second's worth, again and again", async () => {
    const { peer, clock, settle, count } = open(500 * KIB);
    for (let second = 1; second <= 5; second++) {
      for (let i = 0; i < 5; i++) peer.sendFrame(hundred);
      await settle();
      expect(count()).toBe(500 * second);
      await clock.advance(1000);
    }
  });

  it("counts blocks without data by what they cost", async () => {
    const { peer, settle, frames, clock, count } = open(500 * KIB);
    // 20,000 bytes of empty blocks, which inflate to nothing
    const empty = Buffer.concat([Buffer.alloc(20_000, Buffer.from("000000ffff", "hex")), Buffer.from([0])]);
    for (let i = 0; i < 20; i++) peer.sendFrame({ opcode: 2, rsv1: true, payload: empty });
    peer.sendFrame(hundred);
    await settle();
    await clock.advance(20_000);
    expect(count()).toBe(0);
    await clock.advance(10_000);
    expect({ kib: count(), frames: frames() }).toEqual({ kib: 100, frames: [] });
  });

  it.each(["close", "abort", "cut"] as const)("a connection that waits for its time ends well: %s", async (how) => {
    const { socket, peer, transport, settle, clock } = open(100 * KIB);
    for (let i = 0; i < 5; i++) peer.sendFrame(hundred);
    await settle();
    if (how === "close") void socket.close();
    else if (how === "abort") socket.abort();
    else transport.cut();
    peer.sendClose(1000);
    peer.end();
    await settle();

    expect(await outcome(socket.closed)).toBe("settled");
    expect(await socket.closed).toMatchObject({ clean: how === "close" });
    expect((await socket.closed).messagesReceived).toBeLessThanOrEqual(6);
    await clock.advance(0);
  });
});
