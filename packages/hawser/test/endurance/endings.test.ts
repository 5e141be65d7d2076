import { once } from "node:events";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import { connect, createNodeRuntime, sha1 } from "../../src/node/index.js";
import { acceptKey } from "../../src/protocol/index.js";
import type { ServiceHandlers, ServiceOptions } from "../../src/server/index.js";
import type { CloseReport, Runtime, Socket } from "../../src/socket/index.js";
import { encodeWireFrame } from "../../src/testing/index.js";
import type { FrameToSend } from "../../src/testing/index.js";
import { formatHandshake } from "../support/raw-client.js";
import type { RawClient } from "../support/raw-client.js";
import { connectRaw, startServer } from "../support/server-fixture.js";

const TEXT = 1;
const CLOSE = 8;
const PING = 9;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server of one raw client, with what it was told of the client's end. */
interface Opened {
  readonly runtime: Runtime;
  readonly socket: Socket;
  readonly peer: RawClient;
  readonly reports: readonly CloseReport[];
  /** The first report. */
  readonly ended: Promise<CloseReport>;
  /** Ends what the server does by itself while it runs: its look after descriptors is a timer, too. */
  readonly closeServer: () => Promise<void>;
}

async function openRaw(options: ServiceOptions = {}, handlers: ServiceHandlers<unknown, "/"> = {}): Promise<Opened> {
  const runtime = createNodeRuntime();
  const reports: CloseReport[] = [];
  const opened = createDeferred<Socket>();
  const ended = createDeferred<CloseReport>();
  const server = await startServer({ runtime, perMessageDeflate: true }, (created) => {
    created.service(
      "/",
      {
        message: (socket, data) => void socket.post(data),
        ...handlers,
        open: (socket) => opened.resolve(socket),
        close: (_socket, report) => {
          reports.push(report);
          ended.resolve(report);
        },
      },
      options,
    );
  });
  const peer = await connectRaw(server);
  const lines = ["Sec-WebSocket-Extensions: permessage-deflate"];
  await peer.send(formatHandshake({ target: "/", lines })).answer();
  const socket = await opened.promise;
  return { runtime, socket, peer, reports, ended: ended.promise, closeServer: () => server.close() };
}

function frame(sent: FrameToSend): Uint8Array {
  return encodeWireFrame({ masked: true, ...sent });
}

/** Nothing of the connection is left. */
async function expectOver(
  opened: Pick<Opened, "runtime" | "reports"> & Partial<Pick<Opened, "closeServer">>,
): Promise<void> {
  const { runtime, reports } = opened;
  await new Promise((resolve) => setImmediate(resolve));
  await opened.closeServer?.();
  expect(reports).toHaveLength(1);
  const { wheel, ledger } = runtime;
  expect({ timers: wheel.size, bytes: ledger.bytes, connections: ledger.connections }).toEqual({
    timers: 0,
    bytes: 0,
    connections: 0,
  });
}

/** A raw server that answers the handshake, and then does with the connection what it likes. */
async function startRawServer(then: (peer: TcpSocket) => void): Promise<string> {
  const server = createTcpServer({ allowHalfOpen: true }, (peer) => {
    cleanups.push(() => peer.destroy());
    peer.on("error", () => {});
    peer.once("data", (request) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(request.toString("latin1"))?.[1] ?? "";
      const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
      peer.write(`${lines.join("\r\n")}\r\nSec-WebSocket-Accept: ${acceptKey(key, sha1)}\r\n\r\n`);
      then(peer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A client of ours, with what it was told of its end. */
async function openClient(url: string): Promise<Pick<Opened, "runtime" | "socket" | "reports" | "ended">> {
  const runtime = createNodeRuntime();
  const reports: CloseReport[] = [];
  const ended = createDeferred<CloseReport>();
  const close = (_socket: Socket, report: CloseReport): void => {
    reports.push(report);
    ended.resolve(report);
  };
  const socket = await connect(url, { runtime, closeTimeoutMs: 100, handlers: { close } });
  cleanups.push(() => socket.abort());
  return { runtime, socket, reports, ended: ended.promise };
}

/** Sends one frame after the other, as long as the other side takes them. */
function talkOn(peer: TcpSocket, sent: Uint8Array): void {
  const batch = Buffer.concat(Array.from({ length: 100 }, () => sent));
  const write = (): void => {
    while (!peer.destroyed && peer.write(batch));
  };
  peer.on("drain", write);
  write();
}

/** Sends until the operating system takes no more; the promise is that of the last message. */
function fillUp(socket: Socket): { readonly promise: Promise<void> } {
  const piece = new Uint8Array(65_536);
  while (socket.bufferedBytes < 500_000) socket.post(piece, { compress: false });
  return { promise: socket.send("last") };
}

describe("REL-A29 a peer that never answers Close", () => {
  it("costs a server the close timeout", async () => {
    const opened = await openRaw({ closeTimeoutMs: 100 });

    const report = await opened.socket.close(4000);
    await opened.peer.closed();

    expect(report).toMatchObject({ code: 1006, clean: false, sent: { code: 4000 }, received: null });
    expect(report.error?.code).toBe("CLOSE_TIMEOUT");
    await expectOver(opened);
  });

  it("costs a client the close timeout", async () => {
    const opened = await openClient(await startRawServer(() => {}));

    const report = await opened.socket.close();

    expect(report).toMatchObject({ code: 1006, clean: false, error: { code: "CLOSE_TIMEOUT" } });
    await expectOver(opened);
  });
});

describe("REL-A30 a peer that sends Close, stays and talks on", () => {
  it("is left by a server within the time to linger, and nothing of it is kept", async () => {
    const messages: unknown[] = [];
    const opened = await openRaw({}, { message: (_socket, data) => void messages.push(data) });

    opened.peer.socket.allowHalfOpen = true;
    opened.peer.send(frame({ opcode: CLOSE, payload: Uint8Array.of(0x03, 0xe8) }));
    talkOn(opened.peer.socket, frame({ opcode: TEXT, payload: "x".repeat(1000) }));
    const report = await opened.ended;
    await opened.peer.closed();

    expect(report).toMatchObject({ code: 1000, clean: true, initiator: "remote", messagesReceived: 0 });
    expect(messages).toEqual([]);
    await expectOver(opened);
  });

  it("is left by a client within the close timeout", async () => {
    const url = await startRawServer((peer) => {
      peer.write(encodeWireFrame({ opcode: CLOSE, payload: Uint8Array.of(0x03, 0xe8) }));
      talkOn(peer, encodeWireFrame({ opcode: TEXT, payload: "x".repeat(1000) }));
    });
    const opened = await openClient(url);

    expect(await opened.ended).toMatchObject({ code: 1000, initiator: "remote", messagesReceived: 0 });
    await expectOver(opened);
  });
});

describe("REL-A31 a connection reset", () => {
  /** What was sent before the echo came has been read, so the reset does not overtake it. */
  async function sendThenReset(opened: Opened, sent: Uint8Array): Promise<CloseReport> {
    const echo = Buffer.from("echo");
    const behindHead = opened.peer.received.length;
    opened.peer.send(Buffer.concat([frame({ opcode: TEXT, payload: echo }), sent]));
    await opened.peer.until(() => opened.peer.received.subarray(behindHead).includes(echo));
    opened.peer.socket.resetAndDestroy();
    return opened.ended;
  }

  it.each([
    ["between messages", ""],
    ["within a header", "81"],
    ["within a long header", "82ff00000000"],
    ["within a payload", "818537fa213d7f9f"],
    ["between fragments", "018337fa213d7f9f4d"],
    ["within a compressed message", "418337fa213d7f9f4d"],
    ["within a ping", "898537fa213d7f9f"],
    ["within a Close", "888237fa213d34"],
  ])("%s ends it once, with 1006", async (_where, hex) => {
    const opened = await openRaw();

    const report = await sendThenReset(opened, Buffer.from(hex, "hex"));

    expect(report).toMatchObject({ code: 1006, clean: false, initiator: "error", error: { code: "CONNECTION_LOST" } });
    await expectOver(opened);
  });

  it("behind our Close ends it once, with 1006", async () => {
    const opened = await openRaw();

    void opened.socket.close(4000);
    await opened.peer.until(() => opened.peer.received.includes(Buffer.from("88020fa0", "hex")));
    opened.peer.socket.resetAndDestroy();

    expect(await opened.ended).toMatchObject({ code: 1006, clean: false, sent: { code: 4000 }, received: null });
    await expectOver(opened);
  });

  it("behind the peer's Close, which is not answered yet, ends it once", async () => {
    const opened = await openRaw({ autoClose: false }, { closing: () => opened.peer.socket.resetAndDestroy() });

    opened.peer.send(frame({ opcode: CLOSE, payload: Uint8Array.of(0x0f, 0xa0) }));

    expect(await opened.ended).toMatchObject({ code: 4000, clean: false, sent: null, received: { code: 4000 } });
    await expectOver(opened);
  });

  it("behind both Close frames leaves it clean", async () => {
    const opened = await openRaw();

    opened.peer.send(frame({ opcode: CLOSE, payload: Uint8Array.of(0x0f, 0xa0) }));
    await opened.peer.until(() => opened.peer.received.includes(Buffer.from("88020fa0", "hex")));
    opened.peer.socket.resetAndDestroy();

    expect(await opened.ended).toMatchObject({ code: 4000, clean: true });
    await expectOver(opened);
  });

  it("while bytes wait to be sent rejects who waits for them", async () => {
    const opened = await openRaw();
    opened.peer.socket.pause();
    const sending = fillUp(opened.socket);

    opened.peer.socket.resetAndDestroy();

    await expect(sending.promise).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(await opened.ended).toMatchObject({ code: 1006 });
    await expectOver(opened);
  });

  it("while a handler works ends it once", async () => {
    const finish = createDeferred<void>();
    const started = createDeferred<void>();
    const message = (): Promise<void> => {
      started.resolve();
      return finish.promise;
    };
    const opened = await openRaw({}, { message });
    opened.peer.send(frame({ opcode: TEXT, payload: "work" }));
    await started.promise;

    opened.peer.socket.resetAndDestroy();
    const report = await opened.ended;
    finish.resolve();

    expect(report).toMatchObject({ code: 1006, error: { code: "CONNECTION_LOST" } });
    await expectOver(opened);
  });
});

it("REL-A18 keeps one answer to a flood of pings of a peer that never reads", async () => {
  const received = createDeferred<unknown>();
  const message = (_socket: Socket, data: unknown): void => received.resolve(data);
  const opened = await openRaw({ maxControlFramesPerSecond: Infinity }, { message });
  opened.peer.socket.pause();
  void fillUp(opened.socket);
  const ping = frame({ opcode: PING, payload: "x".repeat(125) });
  const flood = Buffer.concat(Array.from({ length: 50_000 }, () => ping));
  const before = opened.runtime.ledger.bytes;

  await new Promise((resolve) => opened.peer.socket.write(flood, resolve));
  opened.peer.send(frame({ opcode: TEXT, payload: "behind them" }));
  expect(await received.promise).toBe("behind them");

  expect(opened.runtime.ledger.bytes - before).toBeLessThan(65_536);
});
