import { describe, expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import { ProtocolError } from "../../src/internal/errors.js";
import { createZlibDeflate } from "../../src/node/index.js";
import type { DeflatePort } from "../../src/protocol/index.js";
import type { Message } from "../../src/socket/index.js";
import { encodeWireFrame } from "../../src/testing/index.js";
import { openBoth, openWithPeer, type OpenOptions, type Opened } from "../support/socket-fixture.js";

const tooBig = ["close 1009 MESSAGE_TOO_BIG"];

/** A socket of a service that allows 100 bytes, and what it has got. */
function open(setup: OpenOptions = {}): Opened & { readonly got: Message[] } {
  const got: Message[] = [];
  const handlers = { message: (_socket: unknown, data: Message) => void got.push(data) };
  return { ...openWithPeer({ handlers, options: { maxMessageBytes: 100 }, ...setup }), got };
}

const header = (length: number) =>
  encodeWireFrame({ opcode: 2, payload: "", announcedLength: length, lengthBits: 7, masked: true });

describe("maxMessageBytes of a socket", () => {
  it("is at first what the options say", () => {
    expect(open().socket.maxMessageBytes).toBe(100);
    expect(openWithPeer({ options: { maxMessageBytes: Infinity } }).socket.maxMessageBytes).toBe(Infinity);
  });

  it("REL-C4 holds for the next message, lowered and raised again", async () => {
    const { socket, peer, settle, got, frames } = open();
    socket.maxMessageBytes = 4;
    peer.sendText("four");
    await settle();
    socket.maxMessageBytes = 100;
    peer.sendText("x".repeat(100));
    await settle();
    expect(got).toEqual(["four", "x".repeat(100)]);
    socket.maxMessageBytes = 99;
    peer.sendText("x".repeat(100));
    await settle();
    expect([got.length, frames()]).toEqual([2, tooBig]);
  });

  it("REL-C4 can be raised by the handler of a message for the one behind it in the same read", async () => {
    const got: number[] = [];
    const { socket, peer, settle } = openWithPeer({
      options: { maxMessageBytes: 100 },
      handlers: { message: (own, data) => (got.push(data.length), void (own.maxMessageBytes = 100)) },
    });
    socket.maxMessageBytes = 5;
    const frames = ["login", "x".repeat(100)].map((payload) => encodeWireFrame({ opcode: 1, payload, masked: true }));
    peer.send(Buffer.concat(frames));
    await settle();
    expect(got).toEqual([5, 100]);
  });

  it("REL-C4 holds for the length that is announced, before the message comes", async () => {
    const { socket, peer, settle, frames } = open();
    socket.maxMessageBytes = 50;
    peer.send(header(51));
    await settle();
    expect(frames()).toEqual(tooBig);
  });

  it("REL-C4 judges a message in fragments when it goes on", async () => {
    const { socket, peer, settle, got, frames } = open();
    socket.maxMessageBytes = 10;
    peer.sendFrame({ opcode: 1, fin: false, payload: "0123456789" });
    await settle();
    socket.maxMessageBytes = 20;
    peer.sendFrame({ opcode: 0, payload: "0123456789" });
    await settle();
    expect(got).toEqual(["01234567890123456789"]);
    peer.sendFrame({ opcode: 1, fin: false, payload: "0123456789" });
    await settle();
    socket.maxMessageBytes = 10;
    peer.sendFrame({ opcode: 0, payload: "0" });
    await settle();
    expect([got.length, frames()]).toEqual([1, tooBig]);
  });

  it("REL-C4 judges the rest of a frame that was announced under another limit", async () => {
    const { socket, peer, settle, frames } = open();
    peer.send(header(50), Buffer.from("abc"));
    await settle();
    socket.maxMessageBytes = 49;
    peer.send(Buffer.from("d"));
    await settle();
    expect(frames()).toEqual(tooBig);
  });

  it("REL-C4 holds for what a compressed message inflates to", async () => {
    const port = createZlibDeflate();
    const got: Message[] = [];
    const { client, server, settle } = openBoth({
      server: {
        deflate: { port },
        options: { maxMessageBytes: 10_000 },
        handlers: { message: (_socket, data) => void got.push(data) },
      },
      client: { deflate: { port } },
    });
    server.maxMessageBytes = 1000;
    client.post("x".repeat(1000));
    await settle();
    server.maxMessageBytes = 10_000;
    client.post("x".repeat(10_000));
    await settle();
    expect(got.map(({ length }) => length)).toEqual([1000, 10_000]);
    server.maxMessageBytes = 9999;
    client.post("x".repeat(10_000));
    expect(await client.closed).toMatchObject({ code: 1009 });
    expect(got).toHaveLength(2);
  });

  it("REL-C4 holds for what is being inflated when it comes down", async () => {
    const gate = createDeferred<void>();
    const { socket, peer, settle, got, frames } = open({ deflate: { port: createSlowInflater(gate.promise) } });
    peer.sendFrame({ opcode: 1, rsv1: true, payload: "0123456789" });
    await settle();
    socket.maxMessageBytes = 9;
    gate.resolve();
    await settle();
    expect([got, frames()]).toEqual([[], tooBig]);
  });

  it.each([0, -1, 1.5, Number.NaN, 101, Infinity, "9"])("refuses %s, and stays what it is", (value) => {
    const { socket } = open();
    const set = (): void => void Object.assign(socket, { maxMessageBytes: value });
    expect(set).toThrow(expect.objectContaining({ name: "UsageError", code: "INVALID_ARGUMENT" }));
    expect(socket.maxMessageBytes).toBe(100);
  });

  it("cannot be set in stream mode, where messages have no limit", () => {
    const { socket } = openWithPeer({ options: { mode: "stream" } });
    expect(() => (socket.maxMessageBytes = 10)).toThrow(expect.objectContaining({ code: "INVALID_STATE" }));
  });
});

/** Answers with what it was given, when it may. */
function createSlowInflater(gate: Promise<void>): DeflatePort {
  const refuse = (): never => {
    throw new ProtocolError("MESSAGE_TOO_BIG", 1009, "too big");
  };
  return {
    canKeep: () => true,
    createDeflater: () => ({ forget: () => {}, deflate: (piece) => piece, close: () => {} }),
    createInflater: () => ({
      inflate: (piece, _last, maxBytes) => gate.then(() => (piece.length > maxBytes ? refuse() : piece)),
      close: () => {},
    }),
  };
}
