import { describe, expect, it } from "vitest";
import { openBoth, openWithPeer, outcome } from "../support/socket-fixture.js";
import { createDeferred } from "../../src/internal/deferred.js";
import { encodeMessage } from "../../src/socket/index.js";

/** A peer that reads nothing, behind a pipe that takes ten bytes. */
function openBlocked(options = {}): ReturnType<typeof openWithPeer> {
  const opened = openWithPeer({ options, transport: { capacityBytes: 10 } });
  opened.peer.pause();
  return opened;
}

/** A message that begins and never ends. */
async function* beginOnly(): AsyncGenerator<string, void, undefined> {
  yield "begun";
  await createDeferred<void>().promise;
}

describe("send and post", () => {
  it("send in the order of the calls, whichever they are", async () => {
    const { socket, runtime, settle, frames } = openWithPeer();
    void socket.send("a");
    socket.post("b");
    void socket.sendStream(["c", "d"]);
    void socket.send("e", { timeoutMs: 1000 });
    socket.post(Uint8Array.of(0xf));
    socket.postEncoded(encodeMessage("g", { runtime }));
    await settle();
    expect(frames()).toEqual(["text a", "text b", "text… c", "more… d", "more", "text e", "binary 0f", "text g"]);
  });

  it("joins what was sent in one turn into one write", async () => {
    const { socket, settle, transport } = openWithPeer();
    for (let i = 0; i < 100; i++) socket.post(`message ${i}`);
    await settle();
    expect(transport.counters.writes).toBe(1);
  });

  it.each(["client", "server"] as const)("send every kind of data from a %s, and never write into it", async (role) => {
    const { socket, settle, frames } = openWithPeer({ role });
    const bytes = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
    const large = new Uint8Array(20_000).fill(7);
    await socket.send(bytes);
    await socket.send(bytes.buffer);
    await socket.send(bytes.subarray(2, 4));
    await socket.send(new DataView(bytes.buffer, 6));
    await socket.send(new Uint16Array(bytes.buffer, 4, 1));
    await socket.send(Buffer.from("buf"));
    await socket.send(large);
    await settle();
    expect(frames()).toEqual([
      "binary 0001020304050607",
      "binary 0001020304050607",
      "binary 0203",
      "binary 0607",
      "binary 0405",
      "binary 627566",
      "binary 20000 bytes",
    ]);
    expect([...bytes]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(large.every((byte) => byte === 7)).toBe(true);
  });

  it.each([[null], [undefined], [5], [{}], [[1]]])("refuse %j with INVALID_ARGUMENT", async (data) => {
    const { socket, settle, frames } = openWithPeer();
    await expect(socket.send(data as unknown as string)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(() => socket.post(data as unknown as string)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    await settle();
    expect(frames()).toEqual([]);
  });

  it("send lone surrogates as U+FFFD and empty messages as such", async () => {
    const { socket, peer, settle } = openWithPeer();
    await socket.send("a\ud800b\udc00");
    await socket.send("");
    await socket.send(new Uint8Array(0));
    await settle();
    expect(peer.received.map(({ opcode, hex }) => [opcode, hex])).toEqual([
      [1, "61efbfbd62efbfbd"],
      [1, ""],
      [2, ""],
    ]);
  });

  it.each([
    [125, 7],
    [126, 16],
    [8191, 16],
    [8192, 16],
    [8193, 16],
    [65_535, 16],
    [65_536, 64],
  ])("write the length %i in %i bits, for text, binary, ASCII or not, from both sides", async (length, bits) => {
    for (const role of ["client", "server"] as const) {
      const { socket, peer, settle } = openWithPeer({ role });
      const wide = "é".repeat(length >>> 1) + "x".repeat(length & 1);
      void socket.send("x".repeat(length));
      void socket.send(new Uint8Array(length));
      void socket.send(wide);
      await settle();
      expect(peer.received.map((frame) => [frame.lengthBits, frame.payload.length, frame.masked])).toEqual([
        [bits, length, role === "client"],
        [bits, length, role === "client"],
        [bits, length, role === "client"],
      ]);
      expect(peer.received[2]?.text).toBe(wide);
    }
  });

  it("settle when the transport took the bytes, not before", async () => {
    const { socket, peer, settle } = openBlocked();
    const first = socket.send("x".repeat(50));
    const second = socket.send("y");
    await settle();
    expect(await Promise.all([first, second].map(outcome))).toEqual(["pending", "pending"]);
    peer.resume();
    await Promise.all([first, second]);
    await settle();
    expect(socket.bufferedBytes).toBe(0);
  });

  it("reject CONNECTION_LOST when the connection ends first, and never unhandled", async () => {
    const { socket, settle, transport } = openBlocked();
    const sends = [socket.send("x".repeat(50)), socket.send("y"), socket.sendStream(["z"]), socket.ping()];
    await settle();
    transport.cut();
    await settle();
    await expect(Promise.allSettled(sends)).resolves.toEqual(
      sends.map(() => ({ status: "rejected", reason: expect.objectContaining({ code: "CONNECTION_LOST" }) })),
    );
  });
});

describe("the send queue's bounds", () => {
  it("post answers false above the soft limit, and drained() settles below it", async () => {
    const { socket, peer, settle } = openBlocked({ softQueueBytes: 100 });
    expect(socket.post(new Uint8Array(60))).toBe(true);
    expect(socket.post(new Uint8Array(60))).toBe(false);
    const drained = socket.drained();
    await settle();
    expect(await outcome(drained)).toBe("pending");
    peer.resume();
    await drained;
    expect(socket.bufferedBytes).toBeLessThanOrEqual(100);
  });

  it("send rejects QUEUE_FULL above the hard limit and post throws it; what was accepted leaves", async () => {
    const { socket, peer, settle, frames } = openBlocked({ maxQueueBytes: 200 });
    const first = socket.send(new Uint8Array(150));
    await expect(socket.send(new Uint8Array(60))).rejects.toMatchObject({
      code: "QUEUE_FULL",
      facts: { size: 60, limit: 200 },
    });
    expect(() => socket.post("x".repeat(60))).toThrow(expect.objectContaining({ code: "QUEUE_FULL" }));
    expect(socket.post("x".repeat(40))).toBe(true);
    peer.resume();
    await first;
    await settle();
    expect(frames()).toEqual(["binary 150 bytes", "text 40 bytes"]);
  });

  it("an empty queue takes any one message", async () => {
    const { socket, peer, settle, frames } = openBlocked({ maxQueueBytes: 200 });
    const large = socket.send(new Uint8Array(5000));
    await settle();
    peer.resume();
    await large;
    await settle();
    expect(frames()).toEqual(["binary 5000 bytes"]);
  });

  it("drained() can be cancelled, and leaves nothing behind", async () => {
    const { socket, clock, runtime } = openBlocked({ softQueueBytes: 10, writeTimeoutMs: Infinity });
    socket.post(new Uint8Array(60));
    const controller = new AbortController();
    const waits = [socket.drained({ timeoutMs: 50 }), socket.drained({ signal: controller.signal })];
    controller.abort("why");
    await clock.advance(80);
    await expect(waits[0]).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(waits[1]).rejects.toMatchObject({ code: "ABORTED", cause: "why" });
    expect(runtime.wheel.size).toBe(0);
  });

  it("counts no byte that has left", async () => {
    const { socket, settle, runtime } = openWithPeer();
    socket.post("x".repeat(1000));
    await settle();
    expect(runtime.ledger.bytes).toBe(0);
  });
});

describe("what was sent when the connection ends", () => {
  it("in the same turn as abort() is rejected, and not counted", async () => {
    const { socket, settle } = openWithPeer();
    await settle();
    const send = socket.send("never sent");
    socket.abort();
    await expect(send).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(await socket.closed).toMatchObject({ messagesSent: 0, bytesSent: 0 });
  });

  it("in the turn in which the transport failed is rejected, and not counted", async () => {
    const { socket, transport, settle } = openWithPeer();
    await settle();
    const send = socket.send("never sent");
    transport.cut();
    await expect(send).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(await socket.closed).toMatchObject({ messagesSent: 0, bytesSent: 0 });
  });

  it("and waits with the transport is rejected, though that forgets it at once", async () => {
    const { socket, settle } = openBlocked();
    const taking = socket.send(new Uint8Array(50));
    await settle();
    const waiting = socket.send("behind");
    socket.abort();
    for (const send of [taking, waiting]) await expect(send).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(await socket.closed).toMatchObject({ messagesSent: 1 });
  });
});

describe("cancelling a send", () => {
  it("removes it from the queue and rejects ABORTED or TIMEOUT; the others leave in order", async () => {
    const { socket, peer, clock, settle, frames } = openBlocked();
    const controller = new AbortController();
    socket.post(new Uint8Array(50));
    await settle();
    socket.post("before");
    const cancelled = socket.send("cancelled", { signal: controller.signal });
    const late = socket.send("late", { timeoutMs: 100 });
    const kept = socket.send("kept", { timeoutMs: 9000 });
    const buffered = socket.bufferedBytes;
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: "ABORTED" });
    expect(socket.bufferedBytes).toBe(buffered - 11);
    await clock.advance(130);
    await expect(late).rejects.toMatchObject({ code: "TIMEOUT", facts: { timeoutMs: 100 } });
    peer.resume();
    await kept;
    await settle();
    expect(frames()).toEqual(["binary 50 bytes", "text before", "text kept"]);
  });

  it("completes one that has begun", async () => {
    const { socket, peer, clock, settle, frames } = openBlocked();
    const begun = socket.send("x".repeat(50), { timeoutMs: 100 });
    await clock.advance(200);
    expect(await outcome(begun)).toBe("pending");
    peer.resume();
    await begun;
    await settle();
    expect(frames()).toEqual(["text 50 bytes"]);
  });

  it("sends nothing for a signal that is aborted already, nor for a bad timeoutMs", async () => {
    const { socket, settle, frames } = openWithPeer();
    const signal = AbortSignal.abort();
    await expect(socket.send("a", { signal })).rejects.toMatchObject({ code: "ABORTED" });
    await expect(socket.send("a", { timeoutMs: 0 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(socket.ping("a", { signal })).rejects.toMatchObject({ code: "ABORTED" });
    await expect(socket.ping("a", { timeoutMs: -1 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(socket.sendStream(["a"], { signal })).rejects.toMatchObject({ code: "ABORTED" });
    await expect(socket.sendStream(["a"], { timeoutMs: 0.5 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(socket.drained({ timeoutMs: 0 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(socket.receive({ timeoutMs: 0 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await settle();
    expect(frames()).toEqual([]);
  });
});

describe("control frames", () => {
  it("overtake what is queued, between two frames", async () => {
    const { socket, peer, settle, frames } = openBlocked();
    socket.post(new Uint8Array(50));
    await settle();
    socket.post("queued");
    void socket.ping("me first");
    peer.sendFrame({ opcode: 9, payload: "theirs" });
    await settle();
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 50 bytes", "ping me first", "pong theirs", "text queued"]);
  });

  it("pass an unfinished sendStream, data waits behind it", async () => {
    const { socket, peer, settle, frames } = openWithPeer();
    const gate = createDeferred<void>();
    void socket.sendStream(
      (async function* () {
        yield "first";
        await gate.promise;
        yield "last";
      })(),
    );
    await settle();
    socket.post("behind");
    peer.sendFrame({ opcode: 9, payload: "p" });
    await settle();
    expect(frames()).toEqual(["text… first", "pong p"]);
    gate.resolve(undefined);
    await settle();
    expect(frames()).toEqual(["text… first", "pong p", "more… last", "more", "text behind"]);
  });
});

describe("sendStream", () => {
  it("sends a fragment for each piece, of sync and async sources, and an empty message for none", async () => {
    const { socket, settle, frames } = openWithPeer();
    await socket.sendStream([Uint8Array.of(0x41), Uint8Array.of(0x42)]);
    await socket.sendStream(["", "a", ""]);
    await socket.sendStream([]);
    await socket.sendStream([], { type: "text" });
    await settle();
    expect(frames()).toEqual(["binary… 41", "more… B", "more", "text… a", "more", "binary", "text"]);
  });

  it("never cuts a surrogate pair that the source cut", async () => {
    const { socket, peer, settle } = openWithPeer();
    await socket.sendStream(["a\ud83d", "\ude00b", "\ud83d", "", "\ude00", "z\ud83d"]);
    await settle();
    expect(Buffer.concat(peer.received.map((frame) => frame.payload)).toString()).toBe("a😀b😀z\ufffd");
    expect(peer.received.every((frame) => !frame.text.slice(0, -1).includes("\ufffd"))).toBe(true);
  });

  it("asks the source for a piece only when the one before was taken", async () => {
    const { socket, peer, settle } = openBlocked();
    let asked = 0;
    const source = (function* () {
      for (;;) {
        asked++;
        yield new Uint8Array(30);
      }
    })();
    void socket.sendStream(source);
    await settle();
    expect(asked).toBe(1);
    peer.resume();
    await peer.nextFrame();
    peer.pause();
    await settle();
    expect(asked).toBeLessThan(10);
  });

  it("is cut by close() at a fragment boundary: source returned, ABORTED, what waits behind it CONNECTION_CLOSED", async () => {
    const { socket, settle, frames } = openWithPeer();
    const gate = createDeferred<void>();
    let returned = false;
    const stream = socket.sendStream(
      (async function* () {
        try {
          yield "first";
          await gate.promise;
          yield "never";
        } finally {
          returned = true;
        }
      })(),
    );
    await settle();
    const behind = socket.send("behind");
    void socket.close();
    await expect(stream).rejects.toMatchObject({ code: "ABORTED" });
    await expect(behind).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    gate.resolve(undefined);
    await settle();
    expect({ frames: frames(), returned }).toEqual({ frames: ["text… first", "close 1000"], returned: true });
  });

  it.each(["close", "cancel"] as const)(
    "is taken out by %s while none of it has left, and what waits behind leaves",
    async (how) => {
      const { socket, peer, settle, frames } = openBlocked();
      const gate = createDeferred<void>();
      const controller = new AbortController();
      const stream = socket.sendStream(
        (async function* () {
          await gate.promise;
          yield* beginOnly();
        })(),
        { signal: controller.signal },
      );
      await settle();
      void socket.ping("overtakes it");
      await settle();
      gate.resolve();
      await settle(); // its first fragment waits for the ping to be taken
      const behind = socket.send("behind");
      if (how === "cancel") controller.abort();
      void socket.close();
      peer.resume();
      await expect(stream).rejects.toMatchObject({ code: "ABORTED" });
      await behind;
      await settle();
      expect(frames()).toEqual(["ping overtakes it", "text behind", "close 1000"]);
      expect(socket.bufferedBytes).toBe(0);
    },
  );

  it("is refused with QUEUE_FULL when too many wait: each counts as 1 KiB", async () => {
    const { socket, settle, frames } = openWithPeer({ options: { maxQueueBytes: 10 * 1024, softQueueBytes: 1024 } });
    const first = new AbortController();
    const streams = Array.from({ length: 12 }, (_, i) =>
      socket.sendStream(i === 0 ? beginOnly() : ["x"], i === 1 ? { signal: first.signal } : {}),
    );
    await expect(streams[10]).rejects.toMatchObject({ code: "QUEUE_FULL", facts: { limit: 10 * 1024 } });
    await expect(streams[11]).rejects.toMatchObject({ code: "QUEUE_FULL" });
    first.abort();
    await expect(streams[1]).rejects.toMatchObject({ code: "ABORTED" });
    expect(await outcome(socket.sendStream(["room again"]))).toBe("pending");
    await settle();
    expect(frames()).toEqual(["text… begun"]);
  });

  it("is cut by the peer's Close just so", async () => {
    const { socket, peer, settle, frames } = openWithPeer();
    const stream = socket.sendStream(
      (async function* () {
        yield "first";
        await new Promise(() => {});
      })(),
    );
    await settle();
    peer.sendClose(1001);
    await expect(stream).rejects.toMatchObject({ code: "ABORTED" });
    await settle();
    expect(frames()).toEqual(["text… first", "close 1001"]);
  });

  it("keeps no Close waiting for a source that has given nothing yet; what else is queued leaves", async () => {
    const { socket, settle, frames } = openWithPeer();
    const stream = socket.sendStream(
      (async function* () {
        await new Promise(() => {});
        yield "never";
      })(),
    );
    const other = socket.send("other");
    void socket.close();
    await expect(stream).rejects.toMatchObject({ code: "ABORTED" });
    await other;
    await settle();
    expect(frames()).toEqual(["text other", "close 1000"]);
  });

  it("completes on close() when its last fragment only waits to be taken", async () => {
    const { socket, peer, settle, frames } = openWithPeer({ transport: { capacityBytes: 10 } });
    const gate = createDeferred<void>();
    const stream = socket.sendStream(
      (async function* () {
        yield "a";
        await gate.promise;
      })(),
    );
    await settle();
    peer.pause();
    void socket.ping("x".repeat(50));
    await settle();
    gate.resolve(undefined);
    await settle();
    const behind = socket.send("behind");
    void socket.close();
    peer.resume();
    await Promise.all([stream, behind]);
    await settle();
    expect(frames()).toEqual(["text… a", "ping 50 bytes", "more", "text behind", "close 1000"]);
  });

  it("rejects with what the source throws before the first fragment; the connection goes on", async () => {
    const { socket, settle, frames } = openWithPeer();
    const failing = socket.sendStream(
      // oxlint-disable-next-line require-yield -- it fails before the first piece
      (function* () {
        throw new Error("no source");
      })() as Iterable<string>,
    );
    await expect(failing).rejects.toThrow("no source");
    await socket.send("after");
    await settle();
    expect(frames()).toEqual(["text after"]);
  });

  it("ends the connection with 1011 when the source fails later: a cut message must not look whole", async () => {
    const errors: unknown[] = [];
    const { socket, settle, frames } = openWithPeer({
      handlers: { error: (_s, error) => void errors.push(error.code) },
    });
    const failing = socket.sendStream(
      (function* () {
        yield "half";
        throw new Error("broke");
      })(),
    );
    const behind = socket.send("behind");
    await expect(failing).rejects.toThrow("broke");
    await expect(behind).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    await settle();
    expect({ frames: frames(), errors }).toEqual({ frames: ["text… half", "close 1011"], errors: ["HANDLER_FAILED"] });
  });

  it.each<[string, unknown[]]>([
    ["two types", ["a", Uint8Array.of(1)]],
    ["no data", ["a", 7]],
  ])("ends the connection with 1011 for %s in one message", async (_name, pieces) => {
    const { socket, settle, frames } = openWithPeer();
    await expect(socket.sendStream(pieces as string[])).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await settle();
    expect(frames()).toEqual(["text… a", "close 1011"]);
  });

  it.each([["text"], [null], [{}], [new Uint8Array(3)]])("refuses %j as a source", async (source) => {
    const { socket } = openWithPeer();
    await expect(socket.sendStream(source as string[])).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("is removed when it is cancelled before it began, and takes the connection along afterwards", async () => {
    const { socket, settle, frames, clock } = openWithPeer();
    const hanging = () =>
      (async function* () {
        await new Promise(() => {});
        yield "never";
      })();
    await settle();
    const first = socket.sendStream(hanging(), { timeoutMs: 50 });
    socket.post("behind");
    await clock.advance(80);
    await expect(first).rejects.toMatchObject({ code: "TIMEOUT" });
    await settle();
    expect(frames()).toEqual(["text behind"]);
    const controller = new AbortController();
    const second = socket.sendStream(beginOnly(), { signal: controller.signal });
    await settle();
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: "ABORTED" });
    await settle();
    expect(frames()).toEqual(["text behind", "text… begun", "close 1011"]);
    socket.abort();
    expect(await socket.closed).toMatchObject({ initiator: "local", error: { code: "ABORTED" } });
  });

  it("cancelled by its caller is no failure of a handler", async () => {
    const errors: string[] = [];
    const { socket, peer, settle, clock } = openWithPeer({
      handlers: { error: (_s, error) => void errors.push(error.code) },
    });
    void socket.sendStream(beginOnly(), { timeoutMs: 50 });
    await clock.advance(80);
    peer.sendClose(1011);
    peer.end();
    await settle();
    expect(await socket.closed).toMatchObject({ code: 1011, initiator: "local", error: { code: "TIMEOUT" } });
    expect(errors).toEqual([]);
  });

  it("lets the event loop have its turn while a source always has more and the transport takes all", async () => {
    const { socket, settle, frames, clock } = openWithPeer();
    const stream = socket.sendStream(
      (function* () {
        for (;;) yield "";
      })(),
    );
    await settle(); // would never come back
    expect(frames()).toEqual([]);
    await clock.advance(1);
    void socket.close();
    await expect(stream).rejects.toMatchObject({ code: "ABORTED" });
    await clock.advance(1);
    expect(frames()).toEqual(["close 1000"]);
  });
});

describe("REL-A33 REL-A34 a client", () => {
  it("masks every frame, each with a fresh key, and a server none", async () => {
    const { server, client, transports, settle } = openBoth();
    const written: Uint8Array[] = [];
    const write = transports[1].write.bind(transports[1]);
    transports[1].write = (chunks) => {
      written.push(...chunks.map((chunk) => Uint8Array.from(chunk)));
      write(chunks);
    };
    for (let i = 0; i < 300; i++) client.post("same");
    void client.ping("p");
    void client.sendStream(["s"]);
    await settle();
    const wire = Buffer.concat(written);
    const keys: string[] = [];
    for (let at = 0; at < wire.length;) {
      expect((wire[at + 1] ?? 0) & 0x80).toBe(0x80);
      keys.push(wire.subarray(at + 2, at + 6).toString("hex"));
      at += 6 + ((wire[at + 1] ?? 0) & 0x7f);
    }
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBe(303);
    void server.close();
    void client.close();
    expect(await server.closed).toMatchObject({ clean: true, messagesReceived: 301 });
  });
});
