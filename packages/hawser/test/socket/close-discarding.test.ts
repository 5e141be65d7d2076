import { describe, expect, it } from "vitest";
import { openWithPeer, outcome } from "../support/socket-fixture.js";

describe("close with discardQueued", () => {
  it("REL-D1 sends Close behind the frame begun, and drops what is queued", async () => {
    const { socket, peer, settle, frames, runtime } = openWithPeer({ transport: { capacityBytes: 10 } });
    peer.pause();
    const begun = socket.send(new Uint8Array(30));
    await settle();
    const queued = [socket.send("two"), socket.send("three")];
    const closing = socket.close(4008, "too slow", { discardQueued: true });
    await settle();
    expect(await Promise.all(queued.map(outcome))).toEqual(["CONNECTION_CLOSED", "CONNECTION_CLOSED"]);
    expect(await outcome(begun)).toBe("pending");
    expect(socket.bufferedBytes).toBeLessThan(50);
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 30 bytes", "close 4008 too slow"]);
    peer.sendClose(4008);
    peer.end();
    expect(await closing).toMatchObject({ code: 4008, clean: true, initiator: "local", messagesSent: 1, error: null });
    expect(runtime.ledger.bytes).toBe(0);
  });

  it("sends what the transport takes at once", async () => {
    const { socket, settle, frames } = openWithPeer();
    const sent = socket.send("one");
    void socket.close(4000, "", { discardQueued: true });
    await settle();
    expect(frames()).toEqual(["text one", "close 4000"]);
    await sent;
  });

  it("REL-D1 says its code also when the peer takes nothing any more, after the close timeout at the latest", async () => {
    const { socket, peer, clock } = openWithPeer({
      options: { closeTimeoutMs: 500, writeTimeoutMs: 10_000 },
      transport: { capacityBytes: 10 },
    });
    peer.pause();
    void socket.send(new Uint8Array(100));
    const closing = socket.close(4008, "too slow", { discardQueued: true });
    await clock.advance(490);
    expect(await outcome(closing)).toBe("pending");
    await clock.advance(40);
    expect(await closing).toMatchObject({
      code: 4008,
      reason: "too slow",
      clean: false,
      initiator: "local",
      received: null,
      error: { code: "CLOSE_TIMEOUT" },
    });
  });

  it("drops what an earlier close waits for, whose Close still leaves", async () => {
    const { socket, peer, settle, frames, clock } = openWithPeer({
      options: { closeTimeoutMs: 500 },
      transport: { capacityBytes: 10 },
    });
    peer.pause();
    void socket.send(new Uint8Array(30));
    await settle();
    const queued = socket.send("two");
    void socket.close(4000);
    expect(await outcome(queued)).toBe("pending");
    const closing = socket.close(4008, "", { discardQueued: true });
    expect(await outcome(queued)).toBe("CONNECTION_CLOSED");
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 30 bytes", "close 4000"]);
    await clock.advance(530);
    expect(await closing).toMatchObject({ code: 1006, sent: { code: 4000 } });
  });

  it("cuts a stream between two of its frames", async () => {
    const { socket, peer, settle, frames } = openWithPeer({ transport: { capacityBytes: 10 } });
    const source = async function* (): AsyncGenerator<string> {
      for (;;) yield "ten bytes.";
    };
    peer.pause();
    const stream = socket.sendStream(source());
    await settle();
    void socket.close(4008, "", { discardQueued: true });
    peer.resume();
    await settle();
    expect(frames().at(-1)).toBe("close 4008");
    expect(await outcome(stream)).not.toBe("settled");
    expect(await outcome(stream)).not.toBe("pending");
  });

  it("does nothing more on a connection that is over, and refuses a code that may not be sent", async () => {
    const { socket, settle } = openWithPeer();
    expect(() => socket.close(1005, "", { discardQueued: true })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
    socket.abort();
    await settle();
    expect(await socket.close(4008, "", { discardQueued: true })).toMatchObject({ code: 1006 });
  });
});

describe("the fan-out port", () => {
  it("flush hands over at once what was gathered in the turn, and says whether there is room", async () => {
    const { socket, peer, settle, frames } = openWithPeer({
      options: { softQueueBytes: 50 },
      transport: { capacityBytes: 100 },
    });
    peer.pause();
    expect(socket.post(new Uint8Array(80))).toBe(false);
    expect([socket.flush(), socket.bufferedBytes]).toEqual([true, 0]);
    socket.post(new Uint8Array(80));
    expect([socket.flush(), socket.bufferedBytes]).toEqual([false, 64]);
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 80 bytes", "binary 80 bytes"]);
  });

  it("charges what is held elsewhere to the connection, until its end", async () => {
    const { socket, runtime, settle } = openWithPeer();
    socket.charge(5000);
    socket.charge(-1000);
    expect([socket.heldBytes, runtime.ledger.bytes]).toEqual([4000, 4000]);
    socket.abort();
    await settle();
    socket.charge(-4000);
    expect([socket.heldBytes, runtime.ledger.bytes]).toEqual([0, 0]);
  });
});

describe("slowCloseCode", () => {
  const options = { slowCloseCode: 4008, writeTimeoutMs: 1000, closeTimeoutMs: 500, softQueueBytes: 100 };

  it("REL-D2 ends with a Close where the write timeout would abort: what waits is dropped, the frame begun is whole", async () => {
    const { socket, peer, clock, settle, frames } = openWithPeer({ options, transport: { capacityBytes: 10 } });
    peer.pause();
    const begun = socket.send(new Uint8Array(30));
    await settle();
    const queued = socket.send("two");
    await clock.advance(990);
    expect(socket.state).toBe("open");
    await clock.advance(40);
    expect([socket.state, await outcome(begun), await outcome(queued)]).toEqual([
      "close-sent",
      "pending",
      "CONNECTION_CLOSED",
    ]);
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 30 bytes", "close 4008 too slow"]);
    peer.sendClose(4008);
    peer.end();
    await settle();
    expect(await socket.closed).toMatchObject({ code: 4008, initiator: "error", error: { code: "WRITE_TIMEOUT" } });
  });

  it("says so also when the peer never takes anything again, after the close timeout", async () => {
    const { socket, peer, clock } = openWithPeer({ options, transport: { capacityBytes: 10 } });
    peer.pause();
    void socket.send(new Uint8Array(30));
    await clock.advance(1490);
    expect(await outcome(socket.closed)).toBe("pending");
    await clock.advance(50);
    expect(await outcome(socket.closed)).toBe("settled");
    expect(await socket.closed).toMatchObject({ code: 4008, clean: false, error: { code: "WRITE_TIMEOUT" } });
  });

  it.each([
    { sent: 200, code: 4008, sentClose: { code: 4008, reason: "too slow" } },
    { sent: 90, code: 1006, sentClose: null },
  ])(
    "with a heartbeat that is not answered depends on what was sent meanwhile: $sent bytes, $code",
    async ({ sent, code, sentClose }) => {
      const heartbeat = { intervalMs: 100, timeoutMs: 100 };
      const { socket, peer, clock } = openWithPeer({ options: { ...options, heartbeat } });
      socket.post(new Uint8Array(500));
      await clock.advance(50);
      peer.sendText("I am here");
      await clock.advance(0);
      peer.pause();
      socket.post(new Uint8Array(sent));
      await clock.advance(5000);
      expect(await socket.closed).toMatchObject({ code, sent: sentClose, error: { code: "HEARTBEAT_TIMEOUT" } });
    },
  );

  it.each([1000, 3999, 5000, 4000.5, true, "4008"])("is not %j", (slowCloseCode) => {
    const open = (): unknown => openWithPeer({ options: { slowCloseCode: slowCloseCode as number } });
    expect(open).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});
