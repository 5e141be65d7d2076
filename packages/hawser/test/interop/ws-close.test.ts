import { setImmediate } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { ConnectionError } from "../../src/internal/errors.js";
import { timeout } from "./patience.js";
import { bothWays } from "./ws-pair.js";

const reasons = ["", "Grüße, 世界 🚢", "r".repeat(123)];
const codes = [1000, 1001, 1008, 1011, 3000, 4999];
const closes = codes.flatMap((code) => reasons.map((reason) => ({ code, reason })));

describe.each(bothWays)("%s", { timeout }, (_name, openPair) => {
  it.each(closes)("we close with $code $reason", async (close) => {
    const { ours, peer } = await openPair();
    const report = await ours.close(close.code, close.reason);
    // `ws` answers with what it got
    expect(report).toMatchObject({ ...close, clean: true, initiator: "local", sent: close, received: close });
    expect(report.error).toBe(null);
    expect(await peer.closed).toEqual(close);
    expect(peer.errors).toEqual([]);
    expect(ours.state).toBe("closed");
  });

  it.each(closes)("ws closes with $code $reason", async (close) => {
    const { ours, peer } = await openPair();
    peer.socket.close(close.code, close.reason);
    const report = await ours.closed;
    expect(report).toMatchObject({ ...close, clean: true, initiator: "remote", received: close });
    expect(report.sent?.code).toBe(close.code);
    expect(report.error).toBe(null);
    expect(await peer.closed).toEqual({ code: close.code, reason: report.sent?.reason });
    expect(peer.errors).toEqual([]);
  });

  it("an empty Close is answered by an empty one", async () => {
    const { ours, peer } = await openPair();
    peer.socket.close();
    const empty = { code: 1005, reason: "" };
    expect(await ours.closed).toMatchObject({
      ...empty,
      clean: true,
      initiator: "remote",
      sent: empty,
      received: empty,
    });
    expect(await peer.closed).toEqual(empty);
  });

  it("both close at once: each side learns the other's code and reason", async () => {
    const { ours, peer } = await openPair();
    const closing = ours.close(3000, "ours");
    peer.socket.close(4999, "theirs");
    expect(await closing).toMatchObject({
      clean: true,
      sent: { code: 3000, reason: "ours" },
      received: { code: 4999, reason: "theirs" },
      error: null,
    });
    expect(await peer.closed).toEqual({ code: 3000, reason: "ours" });
    expect(peer.errors).toEqual([]);
  });

  it("what was sent before a Close arrives before it", async () => {
    const { ours, peer } = await openPair();
    const big = Buffer.alloc(500_000, 7);
    ours.post(big);
    ours.post("last words");
    const closing = ours.close(1000, "said all");
    expect((await peer.messages.take(2)).map((message) => message.length)).toEqual([500_000, 10]);
    expect(await peer.closed).toEqual({ code: 1000, reason: "said all" });
    expect(await closing).toMatchObject({ clean: true, messagesSent: 2 });
  });

  it("what ws sent before its Close is received, then null", async () => {
    const { ours, peer } = await openPair();
    peer.socket.send(Buffer.alloc(500_000, 7));
    peer.socket.send("last words");
    peer.socket.close(1001, "leaving");
    expect(await ours.receive()).toHaveLength(500_000);
    expect(await ours.receive()).toBe("last words");
    expect(await ours.receive()).toBe(null);
    expect(await ours.closed).toMatchObject({ code: 1001, reason: "leaving", clean: true, messagesReceived: 2 });
  });

  it("a Close that we hold back with autoClose false is answered by our own choice", async () => {
    const { ours, peer } = await openPair({ ours: { autoClose: false } });
    peer.socket.close(3000, "theirs");
    expect(await ours.receive()).toBe(null);
    expect(ours.state).toBe("close-received");
    const report = await ours.close(3001, "ours");
    expect(report).toMatchObject({
      code: 3000,
      clean: true,
      initiator: "remote",
      sent: { code: 3001, reason: "ours" },
      received: { code: 3000, reason: "theirs" },
    });
    expect(await peer.closed).toEqual({ code: 3001, reason: "ours" });
  });

  it("ws is terminated: the connection is lost", async () => {
    const { ours, peer } = await openPair();
    peer.socket.terminate();
    const report = await ours.closed;
    expect(report).toMatchObject({ code: 1006, reason: "", clean: false, initiator: "error", received: null });
    expect(report.error?.code).toBe("CONNECTION_LOST");
    expect(ours.state).toBe("aborted");
    await expect(ours.receive()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });

  it("we abort: ws sees 1006", async () => {
    const { ours, peer } = await openPair();
    ours.abort("enough");
    expect(await peer.closed).toEqual({ code: 1006, reason: "" });
    const report = await ours.closed;
    expect(report).toMatchObject({ code: 1006, clean: false, initiator: "local", sent: null, received: null });
    expect(report.error?.code).toBe("ABORTED");
  });

  it("ws is terminated in the middle of its fragmented message, and of ours", async () => {
    const { ours, peer } = await openPair();
    const returned: string[] = [];
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield Buffer.alloc(1000);
          await setImmediate();
        }
      } finally {
        returned.push("returned");
      }
    };
    const sending = ours.sendStream(endless());
    peer.socket.send("never ended", { fin: false });
    peer.socket.terminate();
    await expect(sending).rejects.toBeInstanceOf(ConnectionError);
    await vi.waitFor(() => expect(returned).toEqual(["returned"]));
    expect(await ours.closed).toMatchObject({ code: 1006, messagesReceived: 0, messagesSent: 0 });
  });

  it("a message over our limit ends the connection with 1009", async () => {
    const { ours, peer } = await openPair({ ours: { maxMessageBytes: 1000 } });
    peer.socket.send(Buffer.alloc(1000));
    expect(await ours.receive()).toHaveLength(1000);
    peer.socket.send(Buffer.alloc(1001));
    const report = await ours.closed;
    expect(report).toMatchObject({ code: 1009, initiator: "error", sent: { code: 1009 } });
    expect(report.error?.code).toBe("MESSAGE_TOO_BIG");
    expect(await peer.closed).toEqual(report.sent);
  });

  it("a message over the limit of ws ends the connection with its 1009", async () => {
    const { ours, peer } = await openPair({ peer: { maxPayload: 1000 } });
    await ours.send(Buffer.alloc(1001));
    const report = await ours.closed;
    expect(report).toMatchObject({ code: 1009, initiator: "remote", received: { code: 1009, reason: "" } });
    expect(peer.errors).toMatchObject([{ code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" }]);
  });

  it("text that is not UTF-8 ends the connection with 1007", async () => {
    const { ours, peer } = await openPair();
    peer.socket.send(Buffer.of(0xc3, 0x28), { binary: false });
    const report = await ours.closed;
    expect(report).toMatchObject({ code: 1007, initiator: "error", sent: { code: 1007 } });
    expect(await peer.closed).toEqual(report.sent);
  });
});
