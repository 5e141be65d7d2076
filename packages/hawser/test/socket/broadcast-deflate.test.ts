import { describe, expect, it } from "vitest";
import { createZlibDeflate, ZlibPool } from "../../src/node/index.js";
import type { DeflateContext, DeflatePort } from "../../src/protocol/index.js";
import { encodeMessage } from "../../src/socket/index.js";
import type { TransportSocket } from "../../src/socket/index.js";
import { createBench, openOn, openWithPeer } from "../support/socket-fixture.js";
import type { Bench } from "../support/socket-fixture.js";
import { createTransportPair } from "../../src/testing/index.js";

const TEXT = JSON.stringify(Array.from({ length: 60 }, (_, id) => ({ id, name: `customer ${id % 7}` })));

/** A port that writes down what it is asked to compress, with the window. */
function watchPort(port: DeflatePort): { port: DeflatePort; calls: string[] } {
  const calls: string[] = [];
  const createDeflater = (context: DeflateContext): ReturnType<DeflatePort["createDeflater"]> => {
    const deflater = port.createDeflater(context);
    return {
      deflate: (piece, last) => {
        calls.push(`${piece.length} bytes, ${context.windowBits} bits`);
        return deflater.deflate(piece, last);
      },
      forget: () => {
        calls.push("forget");
        deflater.forget();
      },
      close: () => deflater.close(),
    };
  };
  return { port: { ...port, createDeflater }, calls };
}

interface Receiver {
  readonly server: TransportSocket;
  readonly got: unknown[];
}

/** A server's socket and a client of ours behind it, that inflates with a port of its own. */
function connect(bench: Bench, port: DeflatePort, takeover: boolean): Receiver {
  const [near, far] = createTransportPair({ clock: bench.clock });
  const server = openOn(bench, near, { role: "server", deflate: { port, takeover } });
  const got: unknown[] = [];
  openOn(bench, far, {
    role: "client",
    deflate: { port: createZlibDeflate(), takeover },
    handlers: { message: (_s, data) => void got.push(typeof data === "string" ? data : Buffer.from(data).toString()) },
  });
  return { server, got };
}

describe("a broadcast", () => {
  it.each([
    [true, 500],
    [false, 0],
  ])("to 500 is compressed once, window kept: %s", async (takeover, forgotten) => {
    const bench = createBench();
    const { port, calls } = watchPort(createZlibDeflate({ maxContextBytes: Infinity }));
    const receivers = Array.from({ length: 500 }, () => connect(bench, port, takeover));
    const message = encodeMessage(TEXT, bench);
    for (const { server } of receivers) server.postEncoded(message);
    await bench.clock.advance(0);

    expect(calls.filter((call) => call !== "forget")).toEqual([`${TEXT.length} bytes, 15 bits`]);
    expect(calls.filter((call) => call === "forget").length).toBe(forgotten);
    expect(receivers.filter(({ got }) => got.length !== 1 || got[0] !== TEXT)).toEqual([]);
    for (const { server } of receivers) server.abort();
    await bench.clock.advance(0);
    const reports = await Promise.all(receivers.map(({ server }) => server.closed));
    expect(reports.filter(({ bytesSent }) => bytesSent > TEXT.length / 2)).toEqual([]);
  });

  it.each([true, false])("keeps its place among a socket's own messages, window kept: %s", async (takeover) => {
    const bench = createBench();
    const pool = new ZlibPool();
    const { server, got } = connect(bench, createZlibDeflate({ pool }), takeover);
    const expected: string[] = [];
    for (let i = 0; i < 12; i++) {
      const [own, shared, plain] = [`own ${i} ${TEXT}`, `shared ${i} ${TEXT}`, `plain ${i}`];
      server.post(own);
      server.postEncoded(encodeMessage(shared, bench));
      server.postEncoded(encodeMessage(plain, { ...bench, compress: false }));
      server.post(own);
      expected.push(own, shared, plain, own);
      if (i % 3 === 0) await bench.clock.advance(0);
    }
    await bench.clock.advance(0);

    expect(got).toEqual(expected);
    server.abort();
  });

  it("of more than a slice is compressed once for all, and nobody's order changes", async () => {
    const bench = createBench();
    const turns: (() => void)[] = [];
    const pool = new ZlibPool({ nextTurn: (callback) => void turns.push(callback) });
    const { port, calls } = watchPort(createZlibDeflate({ pool }));
    const receivers = [true, false, true, false].map((takeover) => connect(bench, port, takeover));
    const large = TEXT.repeat(100);
    const message = encodeMessage(large, bench);
    for (const { server } of receivers) {
      server.post("before");
      server.postEncoded(message);
      server.post("behind");
    }
    await bench.clock.advance(0);
    expect(receivers.map(({ got }) => got)).toEqual(receivers.map(() => ["before"]));
    // one leaves while its message is made
    receivers[0]?.server.abort();
    while (turns.length > 0) {
      for (const give of turns.splice(0)) give();
      await bench.clock.advance(0);
    }
    for (const { got } of receivers.slice(1)) expect(got).toEqual(["before", large, "behind"]);
    expect(calls.filter((call) => call.startsWith(`${large.length}`))).toEqual([`${large.length} bytes, 15 bits`]);
    for (const { server } of receivers) server.abort();
  });

  it("of more than a slice is charged once while it is compressed, but to a peer that takes nothing as a whole", async () => {
    const bench = createBench();
    const turns: (() => void)[] = [];
    const pool = new ZlibPool({ nextTurn: (callback) => void turns.push(callback), ledger: bench.runtime.ledger });
    const port = createZlibDeflate({ pool, maxContextBytes: Infinity });
    const receivers = Array.from({ length: 50 }, (_, i) => connect(bench, port, i % 2 === 0));
    const stuck = openWithPeer({ bench, deflate: { port, takeover: true }, transport: { capacityBytes: 10 } });
    stuck.peer.pause();
    stuck.socket.post("more than it takes", { compress: false });
    await bench.clock.advance(0);
    const before = bench.runtime.ledger.bytes;
    const large = TEXT.repeat(100);
    const send = (): void => {
      const message = encodeMessage(large, bench);
      for (const { server } of [...receivers, { server: stuck.socket }]) server.postEncoded(message);
    };
    send();
    send();
    await bench.clock.advance(0);

    // 2 messages, the stuck peer's 2, one context, and some output
    const chargedMessages = (bench.runtime.ledger.bytes - before) / large.length;
    expect(chargedMessages > 3 && chargedMessages < 6).toBe(true);
    expect(receivers.map(({ server }) => server.bufferedBytes)).toEqual(receivers.map(() => 2 * large.length));
    // the clients inflate in slices, too
    for (let turn = 0; turn < 1000 && receivers.some(({ got }) => got.length < 2); turn++) {
      for (const give of turns.splice(0)) give();
      await bench.clock.advance(0);
    }
    expect(receivers.filter(({ got }) => got.length !== 2 || got.some((text) => text !== large))).toEqual([]);
    for (const { server } of receivers) server.abort();
  });

  it("that fits into no window of a peer's is compressed once for each size", () => {
    const { port, calls } = watchPort(createZlibDeflate());
    const bench = createBench();
    const long = encodeMessage(TEXT.repeat(4), bench);
    const short = encodeMessage(TEXT.slice(0, 500), bench);
    for (const bits of [9, 9, 12, 15, 12]) void long.compressed(port, bits);
    for (const bits of [9, 12, 15]) void short.compressed(port, bits);

    expect(calls).toEqual([
      `${TEXT.length * 4} bytes, 9 bits`,
      `${TEXT.length * 4} bytes, 12 bits`,
      `${TEXT.length * 4} bytes, 15 bits`,
      "500 bytes, 15 bits",
    ]);
  });

  it("is what it was at the call, however late it is compressed", async () => {
    const bench = createBench();
    const { server, got } = connect(bench, createZlibDeflate(), true);
    const bytes = Buffer.from(TEXT);
    server.postEncoded(encodeMessage(bytes, bench));
    bytes.fill(0);
    await bench.clock.advance(0);

    expect(got).toEqual([TEXT]);
    server.abort();
  });

  it("is sent as it is where compression makes it longer", async () => {
    const bench = createBench();
    const { port, calls } = watchPort(createZlibDeflate());
    const { server, got } = connect(bench, port, true);
    server.postEncoded(encodeMessage("x7", bench));
    await bench.clock.advance(0);

    // the peer's window knows nothing of it, so nothing has to be forgotten
    expect({ got, calls }).toEqual({ got: ["x7"], calls: ["2 bytes, 15 bits"] });
    server.abort();
  });
});

describe("REL-C11 a message that is not to be compressed", () => {
  const secret = `token=${"s3cr3t-".repeat(20)}`;

  /** The frames of a server that sends the secret by `send`, and then a text which a window could tell apart. */
  async function framesAfter(send: ((socket: TransportSocket, bench: Bench) => unknown) | null): Promise<string[]> {
    const opened = openWithPeer({ deflate: { port: createZlibDeflate(), takeover: true } });
    const { socket, peer, settle } = opened;
    socket.post(`${TEXT} first`);
    await settle();
    if (send !== null) await send(socket, opened);
    await settle();
    socket.post(`guess ${secret}`);
    await settle();
    return peer.received.map(({ rsv1, hex }) => `${rsv1 ? "deflated " : ""}${hex}`);
  }

  it.each<[string, (socket: TransportSocket, bench: Bench) => unknown]>([
    ["send", (socket) => socket.send(secret, { compress: false })],
    ["post", (socket) => socket.post(secret, { compress: false })],
    ["sendStream", (socket) => socket.sendStream([secret.slice(0, 9), secret.slice(9)], { compress: false })],
    ["broadcast", (socket, bench) => socket.postEncoded(encodeMessage(secret, { ...bench, compress: false }))],
  ])("by %s is in no compressed frame and in no window", async (_call, send) => {
    const without = await framesAfter(null);
    const frames = await framesAfter(send);

    expect(frames.filter((frame) => !frame.startsWith("deflated")).length).toBeGreaterThan(0);
    // what is compressed is the same to the byte, whether or not the secret went by
    expect(frames.filter((frame) => frame.startsWith("deflated"))).toEqual(without);
    const guess = without.at(-1)?.length ?? 0;
    // and by what leaks without the flag, the test sees it
    const leaking = await framesAfter((socket) => socket.send(secret));
    expect(leaking.at(-1)?.length).toBeLessThan(guess);
  });
});
