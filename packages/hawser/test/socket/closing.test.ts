import { describe, expect, it } from "vitest";
import { openBoth, openWithPeer, outcome } from "../support/socket-fixture.js";
import type { CloseReport } from "../../src/socket/index.js";

/** The peer reads a few bytes in every 100 ms: the write makes progress. */
async function takeSlowly(
  peer: { resume(): void; pause(): void },
  clock: { advance(ms: number): Promise<void> },
  ms: number,
): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    peer.resume();
    await Promise.resolve();
    await Promise.resolve();
    peer.pause();
    await clock.advance(100);
  }
}

describe("close from our side", () => {
  it("sends 1000 without a code, waits for the peer's Close and half-closes at once on a server", async () => {
    const { socket, peer, settle, frames, clock } = openWithPeer();
    const closing = socket.close();
    await settle();
    expect({ frames: frames(), state: socket.state, ended: peer.hasEnded }).toEqual({
      frames: ["close 1000"],
      state: "close-sent",
      ended: false,
    });
    peer.sendClose(1000);
    await settle();
    expect({ state: socket.state, ended: peer.hasEnded }).toEqual({ state: "closed", ended: true });
    peer.end();
    const report = await closing;
    expect(report).toMatchObject({
      code: 1000,
      clean: true,
      initiator: "local",
      sent: { code: 1000, reason: "" },
      received: { code: 1000, reason: "" },
      error: null,
    });
    expect(clock.now()).toBe(0);
  });

  it.each([
    { closeTimeoutMs: 500, waitsMs: 500 },
    { closeTimeoutMs: 10_000, waitsMs: 2000 },
  ])(
    "leaves the end of TCP to the server on a client: $waitsMs ms with a close timeout of $closeTimeoutMs ms",
    async ({ closeTimeoutMs, waitsMs }) => {
      const { socket, peer, settle, clock, transport } = openWithPeer({ role: "client", options: { closeTimeoutMs } });
      void socket.close();
      await settle();
      peer.sendClose(1000);
      await clock.advance(waitsMs - 100);
      expect({ ended: peer.hasEnded, closed: transport.closed }).toEqual({ ended: false, closed: false });
      await clock.advance(200);
      expect(transport.closed).toBe(true);
      expect(await socket.closed).toMatchObject({ clean: true, code: 1000 });
    },
  );

  it("gives its answer to the server's Close the close timeout on a client", async () => {
    const { socket, peer, clock, transport } = openWithPeer({ role: "client", options: { closeTimeoutMs: 3000 } });
    peer.sendClose(1001);
    await clock.advance(2900);
    expect({ ended: peer.hasEnded, closed: transport.closed }).toEqual({ ended: false, closed: false });
    await clock.advance(200);
    expect(transport.closed).toBe(true);
    expect(await socket.closed).toMatchObject({ clean: true, code: 1001 });
  });

  it("ends at once on a client whose server has ended already", async () => {
    const { socket, peer, settle, transport } = openWithPeer({ role: "client", options: { autoClose: false } });
    peer.sendClose(1001);
    peer.end();
    await settle();
    void socket.close();
    await settle();
    expect(transport.closed).toBe(true);
    expect(await socket.closed).toMatchObject({ clean: true, initiator: "remote", code: 1001 });
  });

  it("sends first what is queued", async () => {
    const { socket, peer, settle, frames } = openWithPeer({ transport: { capacityBytes: 10 } });
    peer.pause();
    const sends = [socket.send("one"), socket.send("two"), socket.send(new Uint8Array(50))];
    void socket.close(4000, "bye");
    await settle();
    expect(frames()).toEqual([]);
    peer.resume();
    await settle();
    expect(frames()).toEqual(["text one", "text two", "binary 50 bytes", "close 4000 bye"]);
    await Promise.all(sends);
  });

  it("is idempotent: later calls in any state give the same report and send nothing", async () => {
    const { socket, peer, settle, frames } = openWithPeer();
    const reports = [socket.close(4000), socket.close(4001)];
    await settle();
    peer.sendClose(4000);
    await settle();
    reports.push(socket.close(4002));
    peer.end();
    await settle();
    reports.push(socket.close(4003), socket.closed);
    const [first, ...others] = await Promise.all(reports);
    expect(first?.code).toBe(4000);
    expect(others.every((report) => report === first)).toBe(true);
    expect(frames()).toEqual(["close 4000"]);
  });

  it.each([1005, 1006, 1004, 1015, 999, 5000, 2999, 1000.5, Number.NaN])(
    "REL-A25 throws INVALID_ARGUMENT at once for the code %s and sends nothing",
    async (code) => {
      const { socket, settle, frames } = openWithPeer();
      expect(() => socket.close(code)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
      expect(() => socket.closeOutput(code)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
      await settle();
      expect({ frames: frames(), state: socket.state }).toEqual({ frames: [], state: "open" });
    },
  );

  it("REL-A26 refuses a reason longer than 123 bytes of UTF-8, also in later states", async () => {
    const { socket, settle } = openWithPeer();
    expect(() => socket.close(1000, "é".repeat(62))).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    socket.abort();
    await settle();
    expect(() => socket.close(1005)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(await socket.close(1000, "é".repeat(61))).toMatchObject({ clean: false });
  });

  it.each([[new Uint8Array(8)], [7], [null], [{}]])(
    "REL-A27 refuses the reason %j, which is no text",
    async (reason) => {
      const { socket, settle, frames } = openWithPeer();
      expect(() => socket.close(1000, reason as unknown as string)).toThrow(
        expect.objectContaining({ name: "UsageError", code: "INVALID_ARGUMENT" }),
      );
      await settle();
      expect(frames()).toEqual([]);
    },
  );

  it("lets a client send 1010, but not a server", async () => {
    const server = openWithPeer();
    expect(() => server.socket.close(1010)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    const client = openWithPeer({ role: "client" });
    void client.socket.close(1010);
    await client.settle();
    expect(client.frames()).toEqual(["close 1010"]);
  });

  it("reads on and drops what comes before the peer's Close", async () => {
    const { socket, peer, settle } = openWithPeer();
    void socket.close();
    peer.sendText("late");
    peer.sendFrame({ opcode: 9, payload: "ping after our Close" });
    peer.sendClose(1000);
    peer.end();
    await settle();
    expect(await socket.receive()).toBeNull();
    expect(await socket.closed).toMatchObject({ clean: true });
    expect(peer.received).toHaveLength(1);
  });

  it("REL-A29 aborts when the peer never answers, after the close timeout, with 1006", async () => {
    const { socket, clock, transport } = openWithPeer({ options: { closeTimeoutMs: 700 } });
    void socket.close();
    await clock.advance(690);
    expect(transport.closed).toBe(false);
    await clock.advance(40);
    expect(await socket.closed).toMatchObject({
      code: 1006,
      clean: false,
      initiator: "local",
      sent: { code: 1000 },
      received: null,
      error: { code: "CLOSE_TIMEOUT" },
    });
  });

  it("REL-A29 does not wait for ever for a peer that sends without end, but no Close", async () => {
    const { socket, peer, clock } = openWithPeer({ options: { closeTimeoutMs: 500 } });
    void socket.close();
    for (let i = 0; i < 12; i++) {
      peer.sendText("still here");
      await clock.advance(50);
    }
    expect(await socket.closed).toMatchObject({ error: { code: "CLOSE_TIMEOUT" } });
  });

  it("begins the close timeout when the Close was taken, so that a slow peer gets what is queued", async () => {
    const { socket, peer, clock, settle, frames } = openWithPeer({
      options: { closeTimeoutMs: 500, writeTimeoutMs: 5000 },
      transport: { capacityBytes: 10 },
    });
    peer.pause();
    void socket.send(new Uint8Array(30));
    void socket.close();
    await clock.advance(3000);
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 30 bytes", "close 1000"]);
    peer.sendClose();
    peer.end();
    await settle();
    expect(await socket.closed).toMatchObject({ clean: true, received: { code: 1005 } });
  });

  it("gives what is queued four times the write timeout to a peer that takes it bit by bit, and then aborts", async () => {
    const { socket, peer, clock, settle } = openWithPeer({
      options: { closeTimeoutMs: 500, writeTimeoutMs: 1000 },
      transport: { capacityBytes: 10 },
    });
    peer.pause();
    const send = socket.send(new Uint8Array(10_000));
    void socket.close();
    await takeSlowly(peer, clock, 3900);
    expect(socket.state).toBe("close-sent");
    await takeSlowly(peer, clock, 200);
    await settle();
    expect(await outcome(socket.closed)).toBe("settled");
    expect(await socket.closed).toMatchObject({ code: 1006, clean: false, error: { code: "CLOSE_TIMEOUT" } });
    await expect(send).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });

  it("bounds what is queued also when closeOutput() came before", async () => {
    const { socket, peer, clock } = openWithPeer({
      options: { closeTimeoutMs: 500, writeTimeoutMs: 1000 },
      transport: { capacityBytes: 10 },
    });
    peer.pause();
    void socket.send(new Uint8Array(100_000));
    void socket.closeOutput();
    await takeSlowly(peer, clock, 10_000);
    expect(socket.state).toBe("close-sent");
    void socket.close();
    await takeSlowly(peer, clock, 4100);
    expect(await socket.closed).toMatchObject({ error: { code: "CLOSE_TIMEOUT" } });
  });

  it.each(["close", "closeOutput"] as const)(
    "is bounded by the close timeout when %s answers the peer",
    async (call) => {
      const { socket, peer, clock, settle } = openWithPeer({
        options: { autoClose: false, closeTimeoutMs: 500, writeTimeoutMs: 1000 },
        transport: { capacityBytes: 10 },
      });
      peer.pause();
      void socket.send(new Uint8Array(10_000));
      peer.sendClose(1000);
      await settle();
      void socket[call](1000);
      await takeSlowly(peer, clock, 600);
      expect(await outcome(socket.closed)).toBe("settled");
      expect(await socket.closed).toMatchObject({ clean: false, error: { code: "CLOSE_TIMEOUT" } });
    },
  );

  it("can be bounded by its caller, with a signal and with a time", async () => {
    const first = openWithPeer();
    const controller = new AbortController();
    void first.socket.close(1000, "", { signal: controller.signal });
    await first.settle();
    controller.abort();
    expect(await first.socket.closed).toMatchObject({ clean: false, error: { code: "CLOSE_TIMEOUT" } });
    const second = openWithPeer();
    void second.socket.close(1000, "", { timeoutMs: 100 });
    await second.clock.advance(130);
    expect(await second.socket.closed).toMatchObject({ clean: false, error: { code: "CLOSE_TIMEOUT" } });
  });

  it("refuses a bad timeoutMs before it does anything", async () => {
    const { socket, settle, frames } = openWithPeer();
    expect(() => socket.close(1000, "", { timeoutMs: 0 })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
    await settle();
    expect({ frames: frames(), state: socket.state }).toEqual({ frames: [], state: "open" });
  });

  it("closes with await using", async () => {
    const { socket, peer, settle } = openWithPeer();
    const using = (async () => {
      await using held = socket;
      held.post("x");
    })();
    await settle();
    peer.sendClose(1000);
    peer.end();
    await using;
    expect(await socket.closed).toMatchObject({ clean: true, code: 1000 });
  });
});

describe("close from the peer", () => {
  it("answers with the peer's code and ends with the same report on each side", async () => {
    const { socket, peer, settle, frames } = openWithPeer();
    peer.sendClose(4321, "done");
    await settle();
    expect({ frames: frames(), state: socket.state, ended: peer.hasEnded }).toEqual({
      frames: ["close 4321"],
      state: "closed",
      ended: true,
    });
    peer.end();
    expect(await socket.closed).toMatchObject({
      code: 4321,
      reason: "done",
      clean: true,
      initiator: "remote",
      sent: { code: 4321, reason: "" },
      received: { code: 4321, reason: "done" },
    });
  });

  it("answers an empty Close with an empty one", async () => {
    const { socket, peer, settle, frames } = openWithPeer();
    peer.sendClose();
    await settle();
    expect(frames()).toEqual(["close"]);
    peer.end();
    expect(await socket.closed).toMatchObject({ code: 1005, clean: true, sent: { code: 1005 } });
  });

  it("is answered after the message being sent; what is queued rejects CONNECTION_CLOSED", async () => {
    const { socket, peer, settle, frames } = openWithPeer({ transport: { capacityBytes: 10 } });
    peer.pause();
    const begun = socket.send(new Uint8Array(30));
    await settle();
    const queued = [socket.send("two"), socket.send("three")];
    const ping = socket.ping();
    peer.sendClose(1001);
    await settle();
    expect(await Promise.all(queued.map(outcome))).toEqual(["CONNECTION_CLOSED", "CONNECTION_CLOSED"]);
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 30 bytes", "close 1001"]);
    await begun;
    peer.end();
    await expect(ping).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    expect(await socket.closed).toMatchObject({ clean: true, messagesSent: 1 });
  });

  it("REL-A28 drops what comes behind it: no event, no second answer", async () => {
    const messages: unknown[] = [];
    const { peer, settle, frames } = openWithPeer({ handlers: { message: (_s, data) => void messages.push(data) } });
    peer.sendClose(1000);
    peer.sendText("after");
    peer.sendClose(1001);
    peer.sendHex("ffffffff");
    await settle();
    expect({ messages, frames: frames() }).toEqual({ messages: [], frames: ["close 1000"] });
  });

  it("REL-A30 destroys a connection that the peer keeps open, within 2 s, and drops what it sends", async () => {
    const { socket, peer, clock, settle, transport } = openWithPeer();
    peer.sendClose(1000);
    await settle();
    expect(peer.hasEnded).toBe(true);
    for (let i = 0; i < 19; i++) {
      peer.send(new Uint8Array(10_000));
      await clock.advance(100);
    }
    expect(transport.closed).toBe(false);
    await clock.advance(120);
    expect(transport.closed).toBe(true);
    expect(await socket.closed).toMatchObject({ clean: true, code: 1000, messagesReceived: 0 });
  });

  it("is not awaited for ever when the peer takes no bytes: the answer has the close timeout", async () => {
    const { socket, peer, clock, settle } = openWithPeer({
      options: { closeTimeoutMs: 400, writeTimeoutMs: Infinity },
      transport: { capacityBytes: 10 },
    });
    peer.pause();
    void socket.send(new Uint8Array(100));
    await settle();
    peer.sendClose(1000);
    await clock.advance(430);
    expect(await socket.closed).toMatchObject({ clean: false, received: { code: 1000 } });
  });

  it("sends its answer also when the peer ends its direction before that can leave", async () => {
    const { socket, peer, settle, frames } = openWithPeer({ role: "client", transport: { capacityBytes: 10 } });
    peer.pause();
    void socket.send(new Uint8Array(30));
    await settle();
    peer.sendClose(1000);
    peer.end();
    await settle();
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 30 bytes", "close 1000"]);
    expect(await socket.closed).toMatchObject({ clean: true });
  });
});

describe("close from both sides at once", () => {
  it("needs one Close of each, and both reports are clean", async () => {
    const { server, client } = openBoth();
    const [one, two] = await Promise.all([server.close(4001, "s"), client.close(4002, "c")]);
    expect(one).toMatchObject({ clean: true, code: 4001, sent: { code: 4001 }, received: { code: 4002 } });
    expect(two).toMatchObject({ clean: true, code: 4002, sent: { code: 4002 }, received: { code: 4001 } });
  });

  it("sends one Close when the peer's comes in the turn in which ours was queued", async () => {
    const { socket, peer, settle, frames } = openWithPeer({ handlers: { message: (s) => void s.close(4000) } });
    peer.send(Buffer.from("818100000000" + "61" + "888200000000" + "03e8", "hex"));
    await settle();
    expect(frames()).toEqual(["close 4000"]);
    peer.end();
    expect(await socket.closed).toMatchObject({ clean: true, initiator: "local", code: 4000 });
  });

  it("sends one Close when ours is under way and not taken as the peer's comes", async () => {
    const { socket, peer, settle, frames } = openWithPeer({ transport: { capacityBytes: 10, lazyWrites: true } });
    peer.pause();
    void socket.send(new Uint8Array(5));
    void socket.close(4000);
    await settle();
    peer.sendClose(4001);
    await settle();
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 0000000000", "close 4000"]);
    peer.end();
    expect(await socket.closed).toMatchObject({ clean: true });
  });

  it("lets our waiting Close overtake the queue when the peer's comes", async () => {
    const { socket, peer, settle, frames } = openWithPeer({ transport: { capacityBytes: 10 } });
    peer.pause();
    void socket.send(new Uint8Array(30));
    await settle();
    const queued = socket.send("never");
    void socket.close(4000);
    await settle();
    peer.sendClose(4001);
    await settle();
    expect(await outcome(queued)).toBe("CONNECTION_CLOSED");
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 30 bytes", "close 4000"]);
  });
});

describe("closeOutput", () => {
  it("sends Close behind what is queued, settles when it was taken, and goes on receiving", async () => {
    const { socket, peer, settle, frames } = openWithPeer({ transport: { capacityBytes: 10 } });
    peer.pause();
    void socket.send(new Uint8Array(20));
    const half = socket.closeOutput(4000, "half");
    await settle();
    expect(await outcome(half)).toBe("pending");
    peer.resume();
    await half;
    await settle();
    expect({ frames: frames(), state: socket.state }).toEqual({
      frames: ["binary 20 bytes", "close 4000 half"],
      state: "close-sent",
    });
    peer.sendText("still");
    expect(await socket.receive()).toBe("still");
    peer.sendClose(4000);
    expect(await socket.receive()).toBeNull();
  });

  it("does not hurry the peer, until close() is called", async () => {
    const { socket, clock } = openWithPeer({ options: { closeTimeoutMs: 100 } });
    await socket.closeOutput();
    await clock.advance(60_000);
    expect(socket.state).toBe("close-sent");
    void socket.close();
    await clock.advance(130);
    expect(await socket.closed).toMatchObject({ error: { code: "CLOSE_TIMEOUT" } });
  });

  it("rejects when the connection is lost before the Close was taken", async () => {
    const { socket, peer, settle, transport } = openWithPeer({ transport: { capacityBytes: 10 } });
    peer.pause();
    void socket.send(new Uint8Array(20));
    const half = socket.closeOutput();
    await settle();
    transport.cut();
    await expect(half).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });
});

describe("autoClose: false", () => {
  it("leaves the answer to the application, which may send before it", async () => {
    const closings: unknown[] = [];
    const { socket, peer, settle, frames } = openWithPeer({
      options: { autoClose: false },
      handlers: { closing: (_s, frame) => void closings.push(frame) },
    });
    peer.sendClose(4000, "why");
    await settle();
    expect({ closings, state: socket.state, frames: frames() }).toEqual({
      closings: [{ code: 4000, reason: "why" }],
      state: "close-received",
      frames: [],
    });
    await socket.send("last words");
    void socket.close(4001, "mine");
    await settle();
    expect(frames()).toEqual(["text last words", "close 4001 mine"]);
    peer.end();
    expect(await socket.closed).toMatchObject({ clean: true, initiator: "remote", code: 4000 });
  });

  it("aborts when the application has not answered within the close timeout", async () => {
    const { socket, peer, clock } = openWithPeer({ options: { autoClose: false, closeTimeoutMs: 300 } });
    peer.sendClose(1000);
    await clock.advance(330);
    expect(await socket.closed).toMatchObject({ clean: false, received: { code: 1000 }, sent: null, code: 1000 });
  });

  it("expects no sign of life of a peer that has said its last word", async () => {
    const { socket, peer, clock } = openWithPeer({
      options: {
        autoClose: false,
        closeTimeoutMs: Infinity,
        idleTimeoutMs: 500,
        heartbeat: { intervalMs: 200, timeoutMs: 100 },
      },
    });
    peer.sendClose(1000);
    await clock.advance(10_000);
    expect(socket.state).toBe("close-received");
  });
});

describe("the report", () => {
  it("does not give the code of a Close of ours that was not sent for the fault", async () => {
    const { socket, peer, settle } = openWithPeer();
    const closing = socket.close(1000, "bye");
    await settle();
    peer.sendHex("ff8000000000");
    peer.end();
    expect(await closing).toMatchObject({
      code: 1006,
      reason: "",
      clean: false,
      initiator: "error",
      sent: { code: 1000, reason: "bye" },
      received: null,
    });
  });

  it("tells why the end was not clean after both sides had closed", async () => {
    const { socket, peer, settle, transport } = openWithPeer({ transport: { capacityBytes: 10 } });
    peer.pause();
    void socket.send(new Uint8Array(100));
    await settle();
    peer.sendClose(1000);
    await settle();
    expect(socket.state).toBe("closed");
    transport.cut();
    expect(await socket.closed).toMatchObject({ clean: false, code: 1000, error: { code: "CONNECTION_LOST" } });
  });

  it("has no error after a clean end, whatever happens while the transport lingers", async () => {
    const { socket, peer, settle } = openWithPeer();
    peer.sendClose(1000);
    await settle();
    socket.abort();
    expect(await socket.closed).toMatchObject({ clean: true, code: 1000, error: null });
  });
});

describe("the end without a handshake", () => {
  it("reports abort() as local, with its reason, and tells the peer nothing", async () => {
    const { socket, peer, settle, frames } = openWithPeer();
    socket.abort("enough");
    expect(socket.state).toBe("aborted");
    await settle();
    expect(await socket.closed).toMatchObject({
      code: 1006,
      clean: false,
      initiator: "local",
      error: { code: "ABORTED", message: "enough" },
    });
    expect({ frames: frames(), ended: peer.hasEnded }).toEqual({ frames: [], ended: true });
  });

  it("reports a FIN without a Close as lost", async () => {
    const { socket, peer } = openWithPeer();
    peer.end();
    expect(await socket.closed).toMatchObject({
      code: 1006,
      clean: false,
      initiator: "error",
      error: { code: "CONNECTION_LOST" },
    });
  });

  type Prepare = (opened: ReturnType<typeof openWithPeer>) => unknown;
  it.each<[string, Prepare]>([
    ["open", () => {}],
    ["inside a frame", ({ peer }) => peer.sendHex("81fe")],
    ["close-sent", ({ socket }) => void socket.close()],
    ["close-sent, half-closed", ({ socket }) => socket.closeOutput()],
    ["close-received", ({ peer }) => peer.sendClose(1000)],
    ["with a queue", ({ peer, socket }) => (peer.pause(), void socket.send(new Uint8Array(200_000)))],
    ["after a fault", ({ peer }) => peer.sendHex("8f80 00000000")],
    ["after abort", ({ socket }) => socket.abort()],
  ])("REL-A31 survives a reset: %s", async (_name, prepare) => {
    const closes: CloseReport[] = [];
    const opened = openWithPeer({
      options: { autoClose: false },
      handlers: { close: (_s, report) => void closes.push(report) },
    });
    prepare(opened);
    await opened.settle();
    opened.transport.cut();
    await opened.settle();
    expect(closes).toHaveLength(1);
    expect(closes[0]).toMatchObject({ clean: false });
    expect(closes[0]).toBe(await opened.socket.closed);
    expect(opened.socket.state).toBe("aborted");
  });

  it("keeps a clean report when the reset comes after both Closes", async () => {
    const { socket, peer, settle, transport } = openWithPeer();
    peer.sendClose(1000);
    await settle();
    transport.cut();
    expect(await socket.closed).toMatchObject({ clean: true, code: 1000, error: null });
  });
});

describe("every state", () => {
  const inState = {
    open: () => openWithPeer({ options: { autoClose: false } }),
    "close-sent": async () => {
      const opened = openWithPeer();
      await opened.socket.closeOutput();
      return opened;
    },
    "close-received": async () => {
      const opened = openWithPeer({ options: { autoClose: false } });
      opened.peer.sendClose(1000);
      await opened.settle();
      return opened;
    },
    closed: async () => {
      const opened = openWithPeer();
      opened.peer.sendClose(1000);
      await opened.settle();
      return opened;
    },
    aborted: async () => {
      const opened = openWithPeer();
      opened.socket.abort();
      await opened.settle();
      return opened;
    },
  };

  it.each(["open", "close-received"] as const)("may send while %s", async (state) => {
    const { socket, settle, frames } = await inState[state]();
    expect(socket.state).toBe(state);
    await socket.send("a");
    expect(socket.post("b")).toBe(true);
    await socket.sendStream(["c"]);
    void socket.ping();
    await settle();
    expect(frames()).toEqual(["text a", "text b", "text… c", "more", "ping 1"]);
    await socket.closeOutput();
  });

  it.each(["close-sent", "closed", "aborted"] as const)("may not send while %s", async (state) => {
    const { socket, settle, frames } = await inState[state]();
    const before = frames();
    expect(socket.state).toBe(state);
    const refused = { name: "UsageError", code: "INVALID_STATE" };
    expect(() => socket.post("b")).toThrow(expect.objectContaining(refused));
    await expect(socket.send("a")).rejects.toMatchObject(refused);
    await expect(socket.sendStream(["c"])).rejects.toMatchObject(refused);
    await expect(socket.ping()).rejects.toMatchObject(refused);
    await expect(socket.closeOutput()).rejects.toMatchObject(refused);
    await settle();
    expect(frames()).toEqual(before);
  });

  it.each([
    ["closed", null],
    ["close-received", null],
  ] as const)("receives null while %s", async (state, expected) => {
    const { socket } = await inState[state]();
    expect(await socket.receive()).toBe(expected);
  });

  it("receives CONNECTION_LOST while aborted", async () => {
    const { socket } = await inState.aborted();
    await expect(socket.receive()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await expect(socket.drained()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });
});
