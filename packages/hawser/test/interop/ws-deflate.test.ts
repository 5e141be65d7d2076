import { describe, expect, it } from "vitest";
import type { PerMessageDeflateOptions } from "ws";
import type { ServerDeflateOptions } from "../../src/server/index.js";
import type { CloseReport } from "../../src/socket/index.js";
import { createSeededRandom } from "../../src/testing/index.js";
import { timeout } from "./patience.js";
import { bothWays } from "./ws-pair.js";
import type { WsPair } from "./ws-pair.js";

const withTakeover: ServerDeflateOptions = { serverNoContextTakeover: false, clientNoContextTakeover: false };

/** A text of some 6,000 bytes that compresses to some 60. */
const repeated = "The quick brown fox jumps over the lazy dog. ".repeat(130);

/**
 * Compresses only by a window that reaches back `distance` bytes. It is long, as an inflater sees further back than its
 * window while it fills one piece of output.
 */
const echoing = (distance: number): Buffer => Buffer.alloc(Math.max(50_000, 3 * distance), makeBytes(distance));

describe.each(bothWays)("%s", { timeout }, (_name, openPair) => {
  it.each<[string, boolean | ServerDeflateOptions, boolean | PerMessageDeflateOptions]>([
    ["no takeover at all", true, { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 }],
    ["takeover on both sides", withTakeover, true],
    ["takeover for the server alone", { ...withTakeover, clientNoContextTakeover: true }, true],
    ["takeover for the client alone", { ...withTakeover, serverNoContextTakeover: true }, true],
    ["takeover that ws does not want", withTakeover, { serverNoContextTakeover: true, clientNoContextTakeover: true }],
    ["defaults of both", true, true],
  ])("compress with %s", async (_case, deflate, peerDeflate) => {
    const pair = await openPair({ deflate, peerDeflate });
    expect(pair.ours.extensions).toContain("permessage-deflate");
    expect(pair.peer.socket.extensions).toContain("permessage-deflate");
    await exchange(pair, [repeated, repeated, Buffer.from(repeated), "short", "", Buffer.alloc(0), makeBytes(5000)]);
    const report = await pair.ours.close();
    expect(report).toMatchObject({ clean: true, error: null });
    // without compression it would be more than 23,000
    expect(report.bytesSent).toBeLessThan(7000);
    expect(report.bytesReceived).toBeLessThan(7000);
  });

  it.each([8, 9, 10, 11, 12, 13, 14, 15])("compress with windows of %i bits", async (bits) => {
    const sizes = { serverMaxWindowBits: bits, clientMaxWindowBits: bits };
    const pair = await openPair({ deflate: { ...withTakeover, ...sizes }, peerDeflate: sizes });
    // distances within the window, at its end and beyond it
    const distances = [100, 2 ** bits - 300, 2 ** bits - 1, 2 ** bits, 2 ** bits + 100, 40_000];
    const messages = distances.filter((distance) => distance > 0).map((distance) => echoing(distance));
    await exchange(pair, [...messages, ...messages]);
    expect(await pair.ours.close()).toMatchObject({ clean: true, error: null });
    expect(pair.peer.errors).toEqual([]);
  });

  it("remember the message before with takeover, and forget it without", async () => {
    // shorter than the window of a server that remembers, 12 bits
    const message = makeBytes(3000);
    const remembering = await openPair({ deflate: withTakeover, peerDeflate: true });
    await exchange(remembering, [message, message]);
    const withContext = await remembering.ours.close();
    const forgetting = await openPair({ deflate: true, peerDeflate: { threshold: 0 } });
    await exchange(forgetting, [message, message]);
    const without = await forgetting.ours.close();
    expect(withContext.bytesSent).toBeLessThan(3300);
    expect(withContext.bytesReceived).toBeLessThan(3300);
    expect(without.bytesSent).toBeGreaterThan(6000);
    expect(without.bytesReceived).toBeGreaterThan(6000);
  });

  it("leave messages below our threshold alone", async () => {
    const deflate = { thresholdBytes: 1000 };
    const below = await measureSent(await openPair({ deflate, peerDeflate: true }), "a".repeat(999));
    const above = await measureSent(await openPair({ deflate, peerDeflate: true }), "a".repeat(1000));
    expect(below.bytesSent).toBeGreaterThan(999);
    expect(above.bytesSent).toBeLessThan(100);
  });

  it("take messages below and above the threshold of ws", async () => {
    const pair = await openPair({ deflate: true, peerDeflate: { threshold: 1000 } });
    await exchange(pair, ["a".repeat(999), "a".repeat(1000), "a".repeat(999)]);
    const report = await pair.ours.close();
    expect(report.bytesReceived).toBeGreaterThan(1998);
    expect(report.bytesReceived).toBeLessThan(2200);
  });

  it("mix compressed and plain messages, which leaves the context as it was", async () => {
    const { ours, peer } = await openPair({ deflate: withTakeover, peerDeflate: true });
    const compressed = [true, false, true, true, false, true];
    for (const [index, compress] of compressed.entries()) {
      ours.post(`${index} ${repeated}`, { compress });
      peer.socket.send(`${index} ${repeated}`, { compress });
    }
    const expected = compressed.map((_compress, index) => `${index} ${repeated}`);
    expect(await peer.messages.take(expected.length)).toEqual(expected);
    for (const message of expected) expect(await ours.receive()).toBe(message);
    const report = await ours.close();
    expect(report.bytesSent).toBeGreaterThan(2 * repeated.length);
    expect(report.bytesSent).toBeLessThan(3 * repeated.length);
    expect(report.bytesReceived).toBeGreaterThan(2 * repeated.length);
    expect(report.bytesReceived).toBeLessThan(3 * repeated.length);
  });

  it.each([
    ["with", withTakeover],
    ["without", {}],
  ])("compress messages in fragments, %s takeover", async (_case, deflate) => {
    const { ours, peer } = await openPair({ deflate, peerDeflate: { threshold: 0 } });
    const pieces = ["", repeated, "middle", "", repeated, ""];
    for (let round = 0; round < 3; round++) {
      for (const piece of pieces) peer.socket.send(piece, { fin: false, compress: true });
      peer.socket.ping("between");
      peer.socket.send("end", { fin: true });
      expect(await ours.receive()).toBe(`${pieces.join("")}end`);
      expect(await peer.pongs.next()).toBe("between");
      await ours.sendStream([...pieces, "end"]);
      expect(await peer.messages.next()).toBe(`${pieces.join("")}end`);
    }
    const report = await ours.close();
    expect(report).toMatchObject({ clean: true, messagesSent: 3, messagesReceived: 3 });
    expect(report.bytesSent).toBeLessThan(2000);
    expect(report.bytesReceived).toBeLessThan(2000);
  });

  it("compress large messages that span many pieces of zlib's output", async () => {
    const pair = await openPair({ deflate: withTakeover, peerDeflate: true });
    const mixed = Buffer.concat([makeBytes(300_000), Buffer.alloc(300_000), makeBytes(300_000)]);
    await exchange(pair, [mixed, "x".repeat(1_000_000), mixed, "short"]);
    expect(await pair.ours.close()).toMatchObject({ clean: true, messagesReceived: 4 });
  });

  it("keep 2,000 mixed messages in order, both directions at once", async () => {
    const { ours, peer } = await openPair({ deflate: withTakeover, peerDeflate: true });
    const random = createSeededRandom(7);
    const words = ["anchor ", "hawser ", "bollard ", "quay ", "⛵ "];
    const messages = Array.from({ length: 2000 }, (_, index) => {
      const count = random.below(random.below(50) === 0 ? 5000 : 40);
      return `${index} ${Array.from({ length: count }, () => words[random.below(words.length)]).join("")}`;
    });
    const sending = (async () => {
      for (const message of messages) if (!ours.post(message)) await ours.drained();
    })();
    for (const message of messages) peer.socket.send(message);
    const toOurs: unknown[] = [];
    while (toOurs.length < messages.length) toOurs.push(await ours.receive());
    expect(toOurs).toEqual(messages);
    expect(await peer.messages.take(messages.length)).toEqual(messages);
    await sending;
    expect(await ours.close()).toMatchObject({ clean: true, messagesSent: 2000, messagesReceived: 2000 });
  });

  it("stop a message that inflates past the limit, without inflating all of it", async () => {
    const { ours, peer } = await openPair({ ours: { maxMessageBytes: 100_000 }, deflate: true, peerDeflate: true });
    peer.socket.send(Buffer.alloc(50_000_000));
    const report = await ours.closed;
    expect(report).toMatchObject({ code: 1009, initiator: "error", sent: { code: 1009 } });
    expect(report.error?.code).toBe("MESSAGE_TOO_BIG");
    expect(await peer.closed).toEqual(report.sent);
  });

  it("go without compression when one side does not want it", async () => {
    const offered = await openPair({ deflate: false, peerDeflate: true });
    const accepted = await openPair({ deflate: true, peerDeflate: false });
    for (const pair of [offered, accepted]) {
      expect([pair.ours.extensions, pair.peer.socket.extensions]).toEqual(["", ""]);
      await exchange(pair, [repeated]);
      expect((await pair.ours.close()).bytesSent).toBeGreaterThan(repeated.length);
    }
  });

  it("compress over TLS", async () => {
    const pair = await openPair({ tls: true, deflate: withTakeover, peerDeflate: true });
    await exchange(pair, [repeated, makeBytes(100_000), repeated]);
    expect(await pair.ours.close()).toMatchObject({ clean: true, messagesSent: 3 });
  });
});

/** Sends every message both ways, and compares. */
async function exchange({ ours, peer }: WsPair, messages: readonly (string | Buffer)[]): Promise<void> {
  for (const message of messages) {
    peer.socket.send(message);
    const received = await ours.receive();
    expectSame(received, message);
    await ours.send(message);
    expectSame(await peer.messages.next(), message);
  }
}

async function measureSent({ ours, peer }: WsPair, message: string): Promise<CloseReport> {
  ours.post(message);
  expect(await peer.messages.next()).toBe(message);
  return ours.close();
}

function expectSame(received: string | Uint8Array | null, expected: string | Buffer): void {
  if (typeof expected === "string") return expect(received === expected).toBe(true);
  expect(received).toBeInstanceOf(Uint8Array);
  expect(received instanceof Uint8Array && expected.equals(received)).toBe(true);
}

function makeBytes(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  createSeededRandom(size).fill(bytes);
  return bytes;
}
