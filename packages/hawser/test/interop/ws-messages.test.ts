import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { createSeededRandom } from "../../src/testing/index.js";
import type { Message, Socket } from "../../src/socket/index.js";
import { timeout } from "./patience.js";
import { bothWays } from "./ws-pair.js";
import type { WsPeer } from "./ws-pair.js";

const MIB = 1024 * 1024;

describe.each(bothWays)("%s", { timeout }, (_name, openPair) => {
  it("exchange text", async () => {
    const { ours, peer } = await openPair();
    const texts = ["", "hello", "Grüße, 世界 🚢", "\u0000\r\n", "x".repeat(70_000), "ß".repeat(40_000)];
    for (const text of texts) peer.socket.send(text);
    for (const text of texts) expect(await ours.receive()).toBe(text);
    for (const text of texts) ours.post(text);
    expect(await peer.messages.take(texts.length)).toEqual(texts);
  });

  it.each([0, 1, 125, 126, 65_535, 65_536, MIB, 16 * MIB])("exchange %i bytes", async (size) => {
    const { ours, peer } = await openPair({ ours: { maxMessageBytes: 16 * MIB } });
    const bytes = makeBytes(size);
    peer.socket.send(bytes);
    expectSameBytes(await ours.receive(), bytes);
    await ours.send(bytes);
    expectSameBytes(await peer.messages.next(), bytes);
    expect(bytes.equals(makeBytes(size)), "what was sent is not written into").toBe(true);
  });

  it("exchange a message in fragments, with control frames between them", async () => {
    const { ours, peer } = await openPair();
    peer.socket.send("one, ", { fin: false });
    peer.socket.ping("between");
    peer.socket.send("two, ", { fin: false });
    peer.socket.send("", { fin: false });
    peer.socket.send("three", { fin: true });
    expect(await ours.receive()).toBe("one, two, three");
    expect(await peer.pongs.next()).toBe("between");

    const pieces = async function* (): AsyncGenerator<string> {
      yield "one, ";
      await ours.ping("within");
      yield "two";
    };
    await ours.sendStream(pieces());
    expect(await peer.messages.next()).toBe("one, two");
    expect(await peer.pings.next()).toBe("within");
  });

  it("exchange binary fragments, and text cut inside a character", async () => {
    const { ours, peer } = await openPair();
    const ship = Buffer.from("⛵🚢");
    peer.socket.send(ship.subarray(0, 2), { fin: false, binary: false });
    peer.socket.send(ship.subarray(2, 5), { fin: false, binary: false });
    peer.socket.send(ship.subarray(5), { fin: true, binary: false });
    expect(await ours.receive()).toBe("⛵🚢");
    peer.socket.send(Buffer.of(1, 2), { fin: false });
    peer.socket.send(Buffer.of(3), { fin: true });
    expectSameBytes(await ours.receive(), Buffer.of(1, 2, 3));

    await ours.sendStream(["⛵\ud83d", "\udea2"]);
    expect(await peer.messages.next()).toBe("⛵🚢");
    await ours.sendStream([Buffer.of(1), Buffer.alloc(0), Buffer.of(2, 3)]);
    expectSameBytes(await peer.messages.next(), Buffer.of(1, 2, 3));
  });

  it("exchange 300 fragments of many lengths as one message", async () => {
    const { ours, peer } = await openPair();
    const whole = makeBytes(300 * 200);
    const pieces = cutEvery(whole, 200);
    for (const [index, piece] of pieces.entries()) peer.socket.send(piece, { fin: index === pieces.length - 1 });
    expectSameBytes(await ours.receive(), whole);
    await ours.sendStream(pieces);
    expectSameBytes(await peer.messages.next(), whole);
  });

  it("answer each other's pings with their payload", async () => {
    const { ours, peer } = await openPair();
    const longest = "p".repeat(125);
    for (const payload of ["", "ping", "Grüße 🚢", longest]) {
      peer.socket.ping(payload);
      expect(await peer.pongs.next()).toBe(payload);
      expect(await ours.ping(payload)).toBeGreaterThanOrEqual(0);
      expect(await peer.pings.next()).toBe(payload);
    }
    peer.socket.pong("nobody asked");
    peer.socket.send("after it");
    expect(await ours.receive()).toBe("after it");
  });

  it("keep 10,000 messages of mixed sizes in order, both directions at once", async () => {
    const { ours, peer } = await openPair();
    const seed = 20_261;
    const [, sentByPeer, toOurs, toPeer] = await Promise.all([
      sendAll(ours, makeMessages(seed)),
      sendAllByPeer(peer, makeMessages(seed + 1)),
      countSame(() => ours.receive(), makeMessages(seed + 1)),
      countSame(() => peer.messages.next(), makeMessages(seed)),
    ]);
    expect([sentByPeer, toOurs, toPeer]).toEqual([10_000, 10_000, 10_000]);
    peer.socket.close(1000);
    const report = await ours.closed;
    expect(report).toMatchObject({ clean: true, messagesSent: 10_000, messagesReceived: 10_000 });
    expect(peer.errors).toEqual([]);
  });

  it("find a peer that does not answer by the heartbeat", async () => {
    const heartbeat = { intervalMs: 40, timeoutMs: 80 };
    const { ours, peer } = await openPair({ ours: { heartbeat }, peer: { autoPong: false } });
    const report = await ours.closed;
    expect(report).toMatchObject({ code: 1006, clean: false, initiator: "error" });
    expect(report.error?.code).toBe("HEARTBEAT_TIMEOUT");
    expect((await peer.closed).code).toBe(1006);
  });

  it("hold back a fast ws peer while nobody reads, and lose nothing", async () => {
    const { ours, peer } = await openPair();
    const message = makeBytes(60_000);
    for (let left = 200; left > 0; left--) peer.socket.send(message);
    let received = 0;
    while (received < 200) {
      const next = await ours.receive();
      received += next instanceof Uint8Array && message.equals(next) ? 1 : 1000;
    }
    expect(received).toBe(200);
  });

  it("exchange over TLS with a certificate of our own", async () => {
    const { ours, peer } = await openPair({ tls: true });
    const bytes = makeBytes(MIB);
    peer.socket.send(bytes);
    expectSameBytes(await ours.receive(), bytes);
    await ours.send(bytes);
    expectSameBytes(await peer.messages.next(), bytes);
    const report = await ours.close(1000, "done");
    expect(report).toMatchObject({ clean: true, sent: { code: 1000, reason: "done" } });
    expect(await peer.closed).toEqual({ code: 1000, reason: "done" });
  });
});

function makeBytes(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  createSeededRandom(size).fill(bytes);
  return bytes;
}

/** Some 30 MB: mostly small, some of the 16-bit and a few of the 64-bit length. */
function* makeMessages(seed: number): Generator<string | Buffer> {
  const random = createSeededRandom(seed);
  const pool = makeBytes(200_000);
  for (let index = 0; index < 10_000; index++) {
    const size = random.below(100) === 0 ? random.below(100_000) : random.below(random.below(10) === 0 ? 4000 : 200);
    const start = random.below(pool.length - size);
    const bytes = pool.subarray(start, start + size);
    yield random.below(2) === 0 ? bytes : `${index} ${bytes.toString("latin1")}`;
  }
}

async function sendAll(socket: Socket, messages: Iterable<string | Buffer>): Promise<void> {
  for (const message of messages) if (!socket.post(message)) await socket.drained();
}

async function sendAllByPeer({ socket }: WsPeer, messages: Iterable<string | Buffer>): Promise<number> {
  let count = 0;
  for (const message of messages) {
    count += 1;
    socket.send(message);
    // pings are answered in order, so this waits until what was sent before has been read
    if (count % 500 === 0) {
      socket.ping();
      await once(socket, "pong");
    }
  }
  return count;
}

/** How many messages came, each the one expected at its place. */
async function countSame(receive: () => Promise<Message | null>, expected: Iterable<string | Buffer>): Promise<number> {
  let count = 0;
  for (const message of expected) {
    const received = await receive();
    const isSame = typeof message === "string" ? received === message : isSameBytes(received, message);
    if (!isSame) throw new Error(`message ${count} is another one than was sent`);
    count += 1;
  }
  return count;
}

function cutEvery(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

function isSameBytes(received: Message | null, expected: Buffer): boolean {
  return received instanceof Uint8Array && expected.equals(received);
}

/** Without the diff of megabytes that a failed `toEqual` would print. */
function expectSameBytes(received: Message | null, expected: Buffer): void {
  expect(received).toBeInstanceOf(Uint8Array);
  expect(received).toHaveLength(expected.length);
  expect(isSameBytes(received, expected)).toBe(true);
}
