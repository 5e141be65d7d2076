// REL-D9: rateLimit, with virtual time. Each behaviour is also seen to be lost without the limit.
import { describe, expect, it } from "vitest";
import type { Message, RateLimitOptions, SocketOptions } from "../../src/socket/index.js";
import { openWithPeer } from "../support/socket-fixture.js";
import type { Opened } from "../support/socket-fixture.js";

interface Flooded extends Opened {
  readonly got: Message[];
  readonly errors: string[];
}

function openLimited(rateLimit: RateLimitOptions | false, options: SocketOptions = {}): Flooded {
  const got: Message[] = [];
  const errors: string[] = [];
  const opened = openWithPeer({
    options: { ...options, rateLimit },
    handlers: {
      message: (_socket, data) => void got.push(data),
      error: (_socket, error) => void errors.push(error.code),
    },
    // a peer sees that we do not read when so much is on the way
    transport: { capacityBytes: 256 },
  });
  return { ...opened, got, errors };
}

/** The peer sends a message every `everyMs`, for `ms`. */
async function sendFor(ms: number, everyMs: number, { peer, clock }: Opened): Promise<void> {
  for (let passed = 0; passed < ms; passed += everyMs) {
    peer.sendText("x");
    await clock.advance(everyMs);
  }
}

describe("REL-D9 messages", () => {
  it.each([
    [{ messagesPerSecond: 10 }, 21],
    [false, 100],
  ] as const)("with rateLimit %j are delivered up to the burst, and one: %d", async (rateLimit, delivered) => {
    const flooded = openLimited(rateLimit);
    await sendFor(100, 1, flooded);
    expect(flooded.got).toHaveLength(delivered);
  });

  it("come at the rate in the long run, and none is lost", async () => {
    const flooded = openLimited({ messagesPerSecond: 10, burst: 1, closeAfterMs: Infinity });
    for (let i = 0; i < 60; i++) flooded.peer.sendText(String(i));
    await flooded.clock.advance(4_000);
    expect(flooded.got.length).toBeGreaterThanOrEqual(36);
    expect(flooded.got.length).toBeLessThanOrEqual(43);
    await flooded.clock.advance(4_000);
    expect(flooded.got).toEqual(Array.from({ length: 60 }, (_, i) => String(i)));
  });

  it("below the rate are not held back, and nobody is told", async () => {
    const flooded = openLimited({ messagesPerSecond: 10, burst: 2 });
    await sendFor(20_000, 100, flooded);
    expect([flooded.got.length, flooded.errors]).toEqual([200, []]);
  });

  it("in one burst now and then are only delayed", async () => {
    const flooded = openLimited({ messagesPerSecond: 10, burst: 5, closeAfterMs: 1000 });
    for (let round = 1; round <= 5; round++) {
      for (let i = 0; i < 8; i++) flooded.peer.sendText("x");
      await flooded.clock.advance(5_000);
      expect(flooded.got).toHaveLength(8 * round);
    }
    // each burst is a flood of its own
    expect(flooded.errors).toEqual(Array.from({ length: 5 }, () => "RATE_LIMITED"));
    expect(flooded.socket.state).toBe("open");
  });
});

describe("REL-D9 a flood", () => {
  it("is told once, with the time to wait", async () => {
    const facts: unknown[] = [];
    const { peer, settle, clock } = openWithPeer({
      options: { rateLimit: { messagesPerSecond: 10, burst: 1, closeAfterMs: Infinity } },
      handlers: { message() {}, error: (_socket, error) => void facts.push(error.facts) },
    });
    for (let i = 0; i < 50; i++) peer.sendText("x");
    await settle();
    expect(facts).toEqual([{ retryAfterMs: 200, messagesPerSecond: 10, bytesPerSecond: Infinity }]);
    await clock.advance(4_000);
    expect(facts).toHaveLength(1);
  });

  it.each([
    [10_000, "closed", 1],
    [Infinity, "open", 0],
  ])("that does not end is closed with 4029 after %d ms: %s", async (closeAfterMs, state, closes) => {
    const flooded = openLimited({ messagesPerSecond: 10, burst: 1, closeAfterMs });
    await sendFor(9_900, 10, flooded);
    expect(flooded.socket.state).toBe("open");
    await sendFor(500, 10, flooded);
    expect(flooded.errors).toEqual(["RATE_LIMITED"]);
    expect(flooded.frames().filter((frame) => frame === "close 4029 RATE_LIMITED")).toHaveLength(closes);
    flooded.peer.sendClose();
    flooded.peer.end();
    await flooded.clock.advance(100);
    const ended = { closed: flooded.transport.closed ? "closed" : "open" };
    expect(ended).toEqual({ closed: state });
  });

  it("is told in the close report, too", async () => {
    const flooded = openLimited({ messagesPerSecond: 10, burst: 1, closeAfterMs: 100 });
    await sendFor(1_000, 10, flooded);
    flooded.peer.end();
    await flooded.clock.advance(3_000);
    expect(await flooded.socket.closed).toMatchObject({
      code: 4029,
      reason: "RATE_LIMITED",
      initiator: "error",
      error: { name: "ConnectionError", code: "RATE_LIMITED" },
    });
  });

  it("is slowed down by TCP: what is not read stays with the peer", async () => {
    const flooded = openLimited({ messagesPerSecond: 1, burst: 1, closeAfterMs: Infinity });
    for (let i = 0; i < 20; i++) {
      flooded.peer.send(new Uint8Array([0x82, 0x80 | 100, 0, 0, 0, 0]), new Uint8Array(100));
    }
    await flooded.settle();
    expect(flooded.peerTransport.bufferedBytes).toBeGreaterThan(1000);
    expect(flooded.runtime.ledger.bytes).toBeLessThan(1000);
  });
});

describe("REL-D9 bytes", () => {
  it.each([
    [{ messagesPerSecond: 1000, bytesPerSecond: 100 }, 3],
    [{ messagesPerSecond: 1000 }, 10],
  ])("with %j are delivered up to the rate, and one message: %d", async (rateLimit, delivered) => {
    const flooded = openLimited(rateLimit);
    for (let i = 0; i < 10; i++) flooded.peer.sendText("é".repeat(20));
    await flooded.settle();
    expect(flooded.got).toHaveLength(delivered);
  });

  it("of a stream are held back while it arrives", async () => {
    let bytes = 0;
    const { peer, clock, settle } = openWithPeer({
      options: { mode: "stream", rateLimit: { messagesPerSecond: 10, bytesPerSecond: 100, closeAfterMs: Infinity } },
      streamHandlers: {
        async message(_socket, stream) {
          for await (const piece of stream) bytes += piece.length;
        },
      },
    });
    peer.sendFrame({ opcode: 2, fin: false, payload: new Uint8Array(150) });
    await settle();
    peer.sendFrame({ opcode: 0, fin: true, payload: new Uint8Array(50) });
    await settle();
    expect(bytes).toBe(150);
    await clock.advance(1_000);
    expect(bytes).toBe(200);
  });

  it("of empty streams count as messages", async () => {
    let messages = 0;
    const { peer, settle } = openWithPeer({
      options: { mode: "stream", rateLimit: { messagesPerSecond: 1, burst: 2 } },
      streamHandlers: { message: () => void messages++ },
    });
    for (let i = 0; i < 10; i++) peer.sendText("");
    await settle();
    expect(messages).toBe(3);
  });
});

describe("while reading pauses for a flood", () => {
  it("the heartbeat does not take the peer for lost, nor is it idle", async () => {
    const flooded = openLimited(
      { messagesPerSecond: 1, burst: 1, closeAfterMs: Infinity },
      { heartbeat: { intervalMs: 1000, timeoutMs: 1000 }, idleTimeoutMs: 3000 },
    );
    for (let i = 0; i < 30; i++) flooded.peer.sendText("x".repeat(100));
    await flooded.clock.advance(20_000);
    expect(flooded.socket.state).toBe("open");
    expect(flooded.got.length).toBeGreaterThan(10);
  });

  it("what the handler awaits is waited for, too", async () => {
    const order: string[] = [];
    const { peer, clock } = openWithPeer({
      options: { rateLimit: { messagesPerSecond: 10, bytesPerSecond: 100, closeAfterMs: Infinity } },
      handlers: {
        message: async (socket, data) => {
          order.push(`begin ${String(data)[0]}`);
          await new Promise<void>((resolve) => clock.schedule(resolve, 3_000));
          order.push(`end ${String(data)[0]}`);
          expect(socket.state).toBe("open");
        },
      },
    });
    peer.sendText(`1${"x".repeat(200)}`); // a pause of a second
    peer.sendText("2");
    await clock.advance(7_000);
    expect(order).toEqual(["begin 1", "end 1", "begin 2", "end 2"]);
  });

  it("close and abort are not held up", async () => {
    const flooded = openLimited({ messagesPerSecond: 1, burst: 1, closeAfterMs: Infinity });
    for (let i = 0; i < 5; i++) flooded.peer.sendText("x");
    await flooded.settle();
    void flooded.socket.close(1000);
    flooded.peer.sendClose(1000);
    await flooded.clock.advance(3_000);
    expect(await flooded.socket.closed).toMatchObject({ code: 1000, clean: true });
  });
});

it("control frames count in their own bucket alone", async () => {
  const flooded = openLimited({ messagesPerSecond: 1, burst: 1 });
  for (let i = 0; i < 100; i++) flooded.peer.sendFrame({ opcode: 9, payload: new Uint8Array(0) });
  await flooded.settle();
  expect(flooded.errors).toEqual([]);
});

it.each([
  ["rateLimit.messagesPerSecond", {}],
  ["rateLimit.messagesPerSecond", { messagesPerSecond: 0 }],
  ["rateLimit.burst", { messagesPerSecond: 1, burst: 0.5 }],
  ["rateLimit.bytesPerSecond", { messagesPerSecond: 1, bytesPerSecond: -1 }],
  ["rateLimit.closeAfterMs", { messagesPerSecond: 1, closeAfterMs: 0 }],
])("a bad %s is refused", (name, rateLimit) => {
  const refused = { code: "INVALID_ARGUMENT", message: expect.stringContaining(`${name} is`) };
  expect(() => openLimited(rateLimit as RateLimitOptions)).toThrow(expect.objectContaining(refused));
});

it("a field that rateLimit does not have is refused", () => {
  expect(() => openLimited({ messagesPerSecond: 1, perSecond: 1 } as RateLimitOptions)).toThrow(/rateLimit/);
});
