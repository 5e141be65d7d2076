import { setMaxListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { createBench, openBoth, openWithPeer, outcome } from "../support/socket-fixture.js";
import { createDeferred } from "../../src/internal/deferred.js";
import { resolveSocketOptions } from "../../src/socket/index.js";
import { KeepAlive } from "../../src/socket/keep-alive.js";

const heartbeat = { intervalMs: 1000, timeoutMs: 500 };
const text = { ...heartbeat, mode: "text" } as const;

/** A message that begins and never ends. */
async function* beginOnly(): AsyncGenerator<string, void, undefined> {
  yield "a";
  await createDeferred<void>().promise;
}

describe("the heartbeat in frames", () => {
  it("pings after the interval without a sign of life, earlier by a jitter of at most a fifth", async () => {
    const bench = createBench();
    const opened = Array.from({ length: 20 }, () => openWithPeer({ bench, options: { heartbeat } }));
    const at = new Set<number>();
    for (let now = 0; now < 1040; now += 20) {
      const before = opened.map(({ peer }) => peer.received.length);
      await bench.clock.advance(20);
      opened.forEach(({ peer }, i) => peer.received.length > (before[i] ?? 0) && at.add(now));
    }
    expect(opened.map(({ frames }) => frames())).toEqual(opened.map(() => ["ping 1"]));
    expect(Math.min(...at)).toBeGreaterThanOrEqual(780);
    expect(at.size).toBeGreaterThan(4);
  });

  it.each(["frames", "text"] as const)(
    "keeps to an interval shorter than the timeout once a ping in %s was answered",
    async (mode) => {
      const { server, client, bench } = openBoth({
        server: { options: { heartbeat: { mode, intervalMs: 1000, timeoutMs: 20_000 } }, handlers: {} },
        client: { options: { heartbeat: { mode, intervalMs: 600_000 } }, handlers: {} },
        transport: { latencyMs: 10 }, // the ping was taken by the time its answer comes
      });
      await bench.clock.advance(20_000);
      const closed = server.close();
      await bench.clock.advance(100);
      const { bytesSent } = await closed;
      // a ping of two to six bytes every 0.8 to 1 s, and the Close
      expect(bytesSent).toBeGreaterThan(19 * 3);
      expect(client.state).toBe("closed");
    },
  );

  it("finds a lost peer within interval and timeout, also after it had answered", async () => {
    const { socket, peer, peerTransport, clock } = openWithPeer({
      options: { heartbeat: { intervalMs: 1000, timeoutMs: 5000 } },
    });
    await clock.advance(1000);
    peer.sendFrame({ opcode: 10, payload: "1" });
    await clock.advance(0);
    peerTransport.silence();
    await clock.advance(6000 + 40);
    expect(await outcome(socket.closed)).toBe("settled");
  });

  it("finds a lost peer within interval and timeout", async () => {
    const { socket, peerTransport, clock } = openWithPeer({ options: { heartbeat } });
    peerTransport.silence();
    await clock.advance(1500 + 40);
    expect(await outcome(socket.closed)).toBe("settled");
    expect(await socket.closed).toMatchObject({
      code: 1006,
      initiator: "error",
      error: { code: "HEARTBEAT_TIMEOUT", facts: { timeoutMs: 500 } },
    });
  });

  it("keeps two of ours alive for a day, and measures the round trip", async () => {
    const { server, client, bench } = openBoth({
      server: { options: { heartbeat: { intervalMs: 600_000, timeoutMs: 500 } } },
    });
    await bench.clock.advance(86_400_000);
    expect([server.state, client.state, server.roundTripMs]).toEqual(["open", "open", 0]);
  });

  it("takes any traffic as a sign of life, also in place of the answer", async () => {
    const { socket, peer, clock } = openWithPeer({ options: { heartbeat }, handlers: {} });
    for (let i = 0; i < 100; i++) {
      peer.sendText("x");
      await clock.advance(700);
    }
    expect(peer.received).toHaveLength(0);
    for (let i = 0; i < 20; i++) {
      peer.sendText("instead of a pong");
      await clock.advance(1100);
    }
    await clock.advance(0);
    expect({ state: socket.state, pings: peer.received.length }).toEqual({ state: "open", pings: 20 });
  });

  it("REL-A20 with strictPong takes only the answer, and pings through other traffic", async () => {
    const strict = { ...heartbeat, strictPong: true };
    const { socket, peer, clock, frames } = openWithPeer({ options: { heartbeat: strict } });
    for (let i = 0; i < 16; i++) {
      peer.sendText("x");
      peer.sendFrame({ opcode: 10, payload: "wrong" });
      await clock.advance(100);
    }
    expect(frames()[0]).toBe("ping 1");
    expect(await socket.closed).toMatchObject({ error: { code: "HEARTBEAT_TIMEOUT" } });
    const answered = openWithPeer({ options: { heartbeat: strict } });
    for (let i = 0; i < 5; i++) {
      await answered.clock.advance(1020);
      answered.peer.sendFrame({ opcode: 10, payload: String(i + 1) });
    }
    await answered.settle();
    expect(answered.socket.state).toBe("open");
  });

  it("stands still while reading is paused, and begins anew after it", async () => {
    const gate = createDeferred<void>();
    const { socket, peer, clock, transport } = openWithPeer({
      options: { heartbeat, idleTimeoutMs: 2000 },
      handlers: { message: () => gate.promise },
    });
    peer.sendText("held");
    await clock.advance(100);
    peer.sendText("kept");
    await clock.advance(60_000);
    expect({ paused: transport.paused, state: socket.state }).toEqual({ paused: true, state: "open" });
    gate.resolve();
    await clock.advance(1600);
    expect(await outcome(socket.closed)).toBe("settled");
  });

  it("REL-D17 excuses a process that stood still: what the peer sent meanwhile is read first", async () => {
    const { socket, peer, clock, settle } = openWithPeer({ options: { heartbeat } });
    await clock.advance(1020); // the ping is out
    peer.sendFrame({ opcode: 10, payload: "1" });
    clock.stall(5000);
    await settle();
    expect(socket.state).toBe("open");
    clock.stall(20_000);
    await clock.advance(20);
    expect(socket.state).toBe("open");
    await clock.advance(1540);
    expect(await outcome(socket.closed)).toBe("settled");
  });

  it("REL-D17 gives an answer that is due its whole time again after a stall", async () => {
    const { socket, peer, clock } = openWithPeer({ options: { heartbeat } });
    await clock.advance(1020); // the ping is out
    clock.stall(5000);
    await clock.advance(400);
    peer.sendFrame({ opcode: 10, payload: "1" });
    await clock.advance(300);
    expect(socket.state).toBe("open");
  });

  it("does not blame the peer for a ping that waits behind bytes it has not taken yet", async () => {
    const { socket, peer, clock, settle, frames } = openWithPeer({
      options: { heartbeat, writeTimeoutMs: Infinity },
      transport: { capacityBytes: 10 },
    });
    peer.pause();
    socket.post(new Uint8Array(50));
    await clock.advance(60_000);
    expect(socket.state).toBe("open");
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 50 bytes", "ping 1"]);
    await clock.advance(540);
    expect(await socket.closed).toMatchObject({ error: { code: "HEARTBEAT_TIMEOUT" } });
  });

  it.each([
    ["frames", { opcode: 10, payload: "1" }],
    ["text", { opcode: 1, payload: "Pong" }],
  ] as const)("in %s takes an answer that comes while bytes behind the ping still wait", async (mode, answer) => {
    const { socket, peer, clock, settle, frames } = openWithPeer({
      options: { heartbeat: { ...heartbeat, mode, strictPong: true, intervalMs: 600_000 }, writeTimeoutMs: Infinity },
      transport: { capacityBytes: 10 },
    });
    await clock.advance(470_000);
    peer.pause();
    socket.post(new Uint8Array(20)); // the ping waits behind it, and has 50 bytes behind itself
    await clock.advance(130_040);
    socket.post(new Uint8Array(50));
    peer.resume();
    await peer.nextFrame();
    await peer.nextFrame();
    peer.pause();
    peer.sendFrame(answer);
    await clock.advance(10);
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 20 bytes", mode === "text" ? "text Ping" : "ping 1", "binary 50 bytes"]);
    await clock.advance(5000);
    expect(socket.state).toBe("open");
  });

  it("finds a silent peer though its ping was dropped with what a cut stream held up", async () => {
    const { socket, clock } = openWithPeer({ options: { heartbeat, writeTimeoutMs: Infinity } });
    void socket.sendStream(beginOnly());
    await clock.advance(500);
    void socket.closeOutput();
    await clock.advance(1600);
    expect(await outcome(socket.closed)).toBe("settled");
    expect(await socket.closed).toMatchObject({ error: { code: "HEARTBEAT_TIMEOUT" } });
  });

  it.each(["frames", "text"] as const)(
    "in %s awaits no answer that came before its ping was known to be taken",
    (mode) => {
      const keepAlive = new KeepAlive({ ...heartbeat, mode, strictPong: true, ping: "Ping", pong: "Pong" }, 0, 0);
      const payload = keepAlive.nextPayload();
      keepAlive.pinged(payload, 0, null);
      keepAlive.queueBeat();
      expect(keepAlive.deadline(0, 0)).toBe(Infinity);
      if (mode === "frames") keepAlive.ponged(payload, 10);
      else keepAlive.textPonged(10);
      keepAlive.beatTaken(20);
      expect(keepAlive.deadline(10, 0)).toBe(1010);
    },
  );

  it("never lists more than one unanswered ping of its own", () => {
    const keepAlive = new KeepAlive(null, 0, 0);
    for (let i = 0; i < 10; i++) keepAlive.pinged(keepAlive.nextPayload(), i, null);
    expect(keepAlive.outstanding).toBe(1);
  });
});

describe("the heartbeat in text", () => {
  it("answers the peer's texts, exact matches only, and gives them to nobody", async () => {
    const got: unknown[] = [];
    const { peer, settle, frames } = openWithPeer({
      options: { heartbeat: text },
      handlers: { message: (_s, data) => void got.push(data) },
    });
    for (const message of ["Ping", "Pong", "ping", "Ping ", ""]) peer.sendText(message);
    peer.sendFrame({ opcode: 2, payload: "Ping" });
    await settle();
    expect(got).toEqual(["ping", "Ping ", "", new Uint8Array(Buffer.from("Ping"))]);
    expect(frames()).toEqual(["text Pong"]);
  });

  it("pings with its text, with texts of one's own, and measures the round trip", async () => {
    const { socket, peer, clock, frames } = openWithPeer({ options: { heartbeat: { ...text, ping: "?", pong: "!" } } });
    await clock.advance(1020);
    expect(frames()).toEqual(["text ?"]);
    const rest = clock.now();
    await clock.advance(100);
    peer.sendText("!");
    await clock.advance(0);
    expect(socket.roundTripMs).toBeGreaterThanOrEqual(clock.now() - rest);
    await clock.advance(1600);
    expect(await socket.closed).toMatchObject({ error: { code: "HEARTBEAT_TIMEOUT" } });
  });

  it("keeps two of ours alive", async () => {
    const { server, client, bench } = openBoth({
      server: { options: { heartbeat: text } },
      client: { options: { heartbeat: text } },
    });
    await bench.clock.advance(60_000);
    expect([server.state, client.state]).toEqual(["open", "open"]);
  });

  it("REL-A18 keeps one answer for a peer that floods pings and reads nothing", async () => {
    const { socket, peer, settle } = openWithPeer({ options: { heartbeat: text }, transport: { capacityBytes: 20 } });
    peer.pause();
    for (let i = 0; i < 5000; i++) peer.sendText("Ping");
    await settle();
    expect(socket.bufferedBytes).toBeLessThan(100);
  });

  it("does not blame the peer for a ping that waits behind a stream of ours", async () => {
    const gate = createDeferred<void>();
    const { socket, clock, settle, frames } = openWithPeer({ options: { heartbeat: text } });
    void socket.sendStream(
      (async function* () {
        yield "a";
        await gate.promise;
      })(),
    );
    await clock.advance(60_000);
    expect(socket.state).toBe("open");
    gate.resolve();
    await settle();
    expect(frames()).toEqual(["text… a", "more", "text Ping"]);
    await clock.advance(540);
    expect(await socket.closed).toMatchObject({ error: { code: "HEARTBEAT_TIMEOUT" } });
  });

  it("finds a silent peer though its ping was dropped behind a stream that was cut", async () => {
    const { socket, clock } = openWithPeer({ options: { heartbeat: text } });
    void socket.sendStream(beginOnly());
    await clock.advance(1020); // the ping waits behind the stream
    void socket.closeOutput();
    await clock.advance(1600);
    expect(await outcome(socket.closed)).toBe("settled");
    expect(await socket.closed).toMatchObject({ error: { code: "HEARTBEAT_TIMEOUT" } });
  });

  it("is refused in mode stream, and with texts that are none", () => {
    const refused = expect.objectContaining({ code: "INVALID_ARGUMENT" });
    expect(() => resolveSocketOptions({ mode: "stream", heartbeat: text }, "server")).toThrow(refused);
    expect(() => resolveSocketOptions({ heartbeat: { ...text, ping: "" } }, "server")).toThrow(refused);
  });
});

describe("ping()", () => {
  it("gives the round trip, with a counter or with data", async () => {
    const { socket, peer, clock, frames } = openWithPeer();
    const pings = [socket.ping(), socket.ping("mine"), socket.ping(Uint8Array.of(0x7a))];
    await clock.advance(30);
    expect(frames()).toEqual(["ping 1", "ping mine", "ping z"]);
    peer.sendFrame({ opcode: 10, payload: "1" });
    await clock.advance(10);
    expect(await pings[0]).toBe(30);
    peer.sendFrame({ opcode: 10, payload: "z" });
    expect(await pings[2]).toBe(40);
    expect(await pings[1]).toBe(40); // settled by the later one
    expect(socket.roundTripMs).toBe(40);
  });

  it("keeps its data apart from the caller's memory", async () => {
    const { socket, peer, settle } = openWithPeer();
    const data = Buffer.from("abc");
    const ping = socket.ping(data);
    data.fill(0);
    await settle();
    peer.sendFrame({ opcode: 10, payload: "abc" });
    expect(await ping).toBe(0);
  });

  it("refuses more than 125 bytes, and more than 1,000 pings unanswered or unsent", async () => {
    const { socket, peer, settle } = openWithPeer({ transport: { capacityBytes: 5 } });
    peer.pause();
    await expect(socket.ping(new Uint8Array(126))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    for (let round = 0; round < 4; round++) {
      const controller = new AbortController();
      setMaxListeners(0, controller.signal);
      for (let i = 0; i < 1000; i++) void socket.ping("x", { signal: controller.signal });
      await settle();
      controller.abort();
    }
    await expect(socket.ping()).rejects.toMatchObject({ code: "QUEUE_FULL" });
    expect(socket.bufferedBytes).toBeLessThan(10_000);
  });

  it("can be bounded; a late pong is nobody's", async () => {
    const { socket, peer, clock } = openWithPeer();
    const ping = socket.ping("late", { timeoutMs: 100 });
    await clock.advance(130);
    await expect(ping).rejects.toMatchObject({ code: "TIMEOUT" });
    peer.sendFrame({ opcode: 10, payload: "late" });
    await clock.advance(0);
    expect(socket.roundTripMs).toBeNull();
  });
});

describe("other deadlines", () => {
  it("end a connection that brought nothing for the idle timeout", async () => {
    const { socket, peer, clock } = openWithPeer({ options: { idleTimeoutMs: 1000 } });
    await clock.advance(900);
    peer.sendText("x");
    await clock.advance(900);
    expect(socket.state).toBe("open");
    await clock.advance(140);
    expect(await socket.closed).toMatchObject({ error: { code: "IDLE_TIMEOUT" } });
  });

  it("end a connection whose peer takes no bytes; each bit of progress begins the time anew", async () => {
    const { socket, peer, clock } = openWithPeer({
      options: { writeTimeoutMs: 1000 },
      transport: { capacityBytes: 10 },
    });
    peer.pause();
    const send = socket.send(new Uint8Array(45));
    await clock.advance(900);
    peer.resume();
    await clock.advance(0);
    peer.pause();
    await send;
    const second = socket.send(new Uint8Array(50));
    await clock.advance(900);
    expect(socket.state).toBe("open");
    await clock.advance(140);
    expect(await socket.closed).toMatchObject({ error: { code: "WRITE_TIMEOUT" }, initiator: "error" });
    await expect(second).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });

  it("REL-D4 have exactly one live timer a connection while a write waits, and none when all is quiet", async () => {
    const { socket, peer, settle, runtime } = openWithPeer({ transport: { capacityBytes: 10 } });
    expect(runtime.wheel.size).toBe(0);
    peer.pause();
    for (let i = 0; i < 5; i++) void socket.send(new Uint8Array(50));
    await settle();
    expect(runtime.wheel.size).toBe(1);
  });

  it("REL-D17 excuse a stall in writing and closing, too", async () => {
    const { socket, peer, clock, settle } = openWithPeer({
      options: { writeTimeoutMs: 1000, closeTimeoutMs: 1000 },
      transport: { capacityBytes: 10 },
    });
    peer.pause();
    void socket.send(new Uint8Array(50));
    await settle();
    clock.stall(10_000);
    await clock.advance(20);
    expect(socket.state).toBe("open");
    peer.resume();
    void socket.close();
    await settle();
    clock.stall(10_000);
    await clock.advance(20);
    peer.sendClose(1000);
    peer.end();
    await settle();
    expect(await socket.closed).toMatchObject({ clean: true });
  });
});
