import { constants, deflateRawSync } from "node:zlib";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { connect, createNodeRuntime } from "../../src/node/index.js";
import type { Server, ServerDeflateOptions } from "../../src/server/index.js";
import { encodeWireFrame } from "../../src/testing/index.js";
import { formatHandshake, type RawClient } from "../support/raw-client.js";
import { connectRaw, connectWs, receiveClose, startServer } from "../support/server-fixture.js";

const TAKEOVER: ServerDeflateOptions = { serverNoContextTakeover: false, clientNoContextTakeover: false };
const MIB = 1024 * 1024;
const text = JSON.stringify(Array.from({ length: 100 }, (_, id) => ({ id, name: `customer ${id % 7}` })));

function extensionsOf(server: Server): string[] {
  return [...server.sockets].map(({ extensions }) => extensions);
}

describe("the budget for contexts that are kept", () => {
  it("REL-C5 is shared by the servers and clients of a runtime: who comes late is agreed with, without", async () => {
    const runtime = createNodeRuntime();
    // two inflaters of 42 KiB, and a half
    const perMessageDeflate = { ...TAKEOVER, maxContextBytes: 105 * 1024 };
    const first = await startServer({ runtime, perMessageDeflate });
    const second = await startServer({ runtime, perMessageDeflate });
    const clients: WebSocket[] = [];
    for (const server of [first, second, first]) clients.push(await connectWs(server, "/echo"));

    const kept = "permessage-deflate; server_max_window_bits=12";
    const notKept = "permessage-deflate; client_no_context_takeover; server_max_window_bits=12";
    expect([extensionsOf(first), extensionsOf(second)]).toEqual([[kept, notKept], [kept]]);
    const offered: unknown[] = [];
    first.service("/offer", { admit: ({ headers }) => void offered.push(headers.get("sec-websocket-extensions")) });
    const client = await connect(`${first.url}/offer`, { runtime, perMessageDeflate });
    expect(offered).toEqual(["permessage-deflate; server_no_context_takeover; client_max_window_bits=12"]);

    // all of them work, again and again
    for (const socket of clients) {
      for (let i = 0; i < 3; i++) {
        socket.send(text);
        const [data] = (await once(socket, "message")) as [Buffer];
        expect(data.toString()).toBe(text);
      }
    }
    // one that leaves makes room
    clients[0]?.close();
    await receiveClose(clients[0] as WebSocket);
    await client.close();
    await connectWs(second, "/echo");
    expect(extensionsOf(second)).toEqual([kept, kept]);
  });

  it("is counted in the ledger, and given back", async () => {
    const runtime = createNodeRuntime();
    const server = await startServer({ runtime, perMessageDeflate: TAKEOVER });
    const client = await connectWs(server, "/echo");
    client.send(text);
    await once(client, "message");

    expect(runtime.ledger.bytes).toBeGreaterThanOrEqual((94 + 42) * 1024);
    client.close();
    await receiveClose(client);
    await server.close();
    expect(runtime.ledger.bytes).toBe(0);
  });
});

it("compresses by the level that is asked for", async () => {
  const sizes: number[] = [];
  for (const level of [1, 9]) {
    const server = await startServer({ perMessageDeflate: { level } });
    const socket = await connect(`${server.url}/echo`, { perMessageDeflate: { level } });
    socket.post(text);
    expect(await socket.receive()).toBe(text);
    const report = await socket.close();
    expect(report.bytesSent).toBeLessThan(text.length / 2);
    sizes.push(report.bytesReceived, report.bytesSent);
  }

  expect(sizes[2]).toBeLessThan(sizes[0] ?? 0);
  expect(sizes[3]).toBeLessThan(sizes[1] ?? 0);
});

it.each<[ServerDeflateOptions, string]>([
  [{ level: 0 }, "perMessageDeflate.level is 0: expected a whole number from 1 to 9"],
  [{ level: 1.5 }, "perMessageDeflate.level is 1.5"],
  [{ maxContextBytes: 0 }, "perMessageDeflate.maxContextBytes is 0"],
  [{ thresholdBytes: 0 }, "perMessageDeflate.thresholdBytes is 0"],
  [{ levle: 2 } as ServerDeflateOptions, "level"],
])("refuses %o", async (perMessageDeflate, message) => {
  await expect(startServer({ perMessageDeflate })).rejects.toThrow(message);
  await expect(connect("ws://127.0.0.1:1", { perMessageDeflate })).rejects.toThrow(message);
});

it("broadcasts to peers that keep a window, with what each is sent besides", async () => {
  const server = await startServer({ perMessageDeflate: { ...TAKEOVER, thresholdBytes: 1 } }, () => {});
  const service = server.service("/room", {});
  const offers = [{}, { serverNoContextTakeover: true }, { serverMaxWindowBits: 9 }] as const;
  const clients = [];
  for (const perMessageDeflate of offers) clients.push(await connectWs(server, "/room", { perMessageDeflate }));
  const got = clients.map(() => [] as string[]);
  for (const [i, client] of clients.entries()) client.on("message", (data: Buffer) => got[i]?.push(data.toString()));
  const expected: string[] = [];
  for (let round = 0; round < 20; round++) {
    const own = `${round} ${text.slice(0, 100 * round)}`;
    for (const socket of service.sockets) socket.post(own);
    service.broadcast(`all ${own}`);
    service.broadcast(`secret ${own}`, { compress: false });
    expected.push(own, `all ${own}`, `secret ${own}`);
  }
  const large = text.repeat(50);
  service.broadcast(large);
  service.broadcast("end");
  await Promise.all(
    clients.map(
      (client) =>
        new Promise<void>((resolve) => client.on("message", (data: Buffer) => String(data) === "end" && resolve())),
    ),
  );

  expect(got).toEqual(clients.map(() => [...expected, large, "end"]));
});

async function receiveCloseCode(peer: RawClient): Promise<number> {
  const frames = (): Buffer => peer.received.subarray(peer.received.indexOf("\r\n\r\n") + 4);
  await peer.until(() => frames().length >= 4);
  expect(frames()[0]).toBe(0x88);
  return frames().readUInt16BE(2);
}

describe("REL-C1 a bomb on the wire", () => {
  /** Inflates to 4 MiB from a tenth, a hundredth, a thousandth of it, or a little more. */
  function makeBomb(ratio: number): Buffer {
    const size = 4 * MIB;
    const content = Buffer.alloc(size);
    // every so often a byte that nothing before it foretells
    let state = 1;
    const step = ratio === 1000 ? size : ratio === 100 ? 600 : 12;
    for (let at = 0; at < size; at += step) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      content[at] = state >>> 24;
    }
    return deflateRawSync(content, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  }

  it.each([
    [10, 5, 20],
    [100, 50, 200],
    [1000, 900, 1030],
  ])("of about %i to 1 ends with 1009, and the canary keeps its echo", async (ratio, least, most) => {
    const bomb = makeBomb(ratio);
    expect(Math.round((4 * MIB) / bomb.length)).toBeGreaterThan(least);
    expect(Math.round((4 * MIB) / bomb.length)).toBeLessThan(most);
    // compressed it is below the limit
    expect(bomb.length).toBeLessThan(MIB);
    const runtime = createNodeRuntime();
    const server = await startServer({ runtime, perMessageDeflate: true, maxMessageBytes: MIB });
    const canary = await connectWs(server, "/echo", { perMessageDeflate: false });
    let mostBytes = 0;
    const add = runtime.ledger.add.bind(runtime.ledger);
    runtime.ledger.add = (bytes) => {
      add(bytes);
      mostBytes = Math.max(mostBytes, runtime.ledger.bytes);
    };
    const peers = await Promise.all(Array.from({ length: 5 }, () => connectRaw(server)));
    for (const peer of peers) {
      peer.send(formatHandshake({ lines: ["Sec-WebSocket-Extensions: permessage-deflate"] }));
      await peer.answer();
      peer.send(encodeWireFrame({ masked: true, opcode: 2, rsv1: true, payload: bomb }));
    }
    canary.send("alive?");
    const [echo] = (await once(canary, "message")) as [Buffer];
    const codes = await Promise.all(peers.map(receiveCloseCode));

    expect(echo.toString()).toBe("alive?");
    expect(codes).toEqual([1009, 1009, 1009, 1009, 1009]);
    // for each: what it sent, the limit, one chunk, and a context
    expect(mostBytes).toBeLessThan(5 * (bomb.length + MIB + 65_536 + 64_000));
  });
});
