import { describe, expect, it } from "vitest";
import type { TransportSink } from "../socket/transport.js";
import { createTransportPair } from "./memory-transport.js";
import { VirtualClock } from "./virtual-clock.js";

/** Writes down what a transport tells it, one line a call. */
function createRecorder(): TransportSink & { readonly log: string[] } {
  const log: string[] = [];
  return {
    log,
    onData: (buffer, start, end) => log.push(Buffer.from(buffer.subarray(start, end)).toString("latin1")),
    onDrain: () => log.push("drain"),
    onProgress: () => log.push("progress"),
    onEnd: () => log.push("end"),
    onClosed: (error) => log.push(`closed ${error?.message ?? "well"}`),
  };
}

const settle = () => new VirtualClock().advance(0);
const text = (value: string): Uint8Array => Buffer.from(value, "latin1");

describe("a pair of memory transports", () => {
  it("joins what was written before it is read", async () => {
    const [left, right] = createTransportPair();
    const sink = createRecorder();
    left.write([text("ab"), text("c")]);
    left.write([text("d")]);
    right.start(sink);
    await settle();
    expect(sink.log).toEqual(["abcd"]);
    expect(right.counters).toEqual({ writes: 0, bytesWritten: 0, reads: 1, bytesRead: 4 });
    expect(left.counters).toEqual({ writes: 2, bytesWritten: 4, reads: 0, bytesRead: 0 });
  });

  it.each([
    ["by a size", 1, ["a", "b", "c", "d", "e"]],
    ["by sizes in turn", [2, 1], ["ab", "c", "de"]],
    ["by a function", (available: number) => available - 1, ["abcd", "e"]],
  ])("cuts what arrives %s", async (_name, split, pieces) => {
    const [left, right] = createTransportPair({ split });
    const sink = createRecorder();
    right.start(sink);
    left.write([text("abcde")]);
    await settle();
    expect(sink.log).toEqual(pieces);
  });

  it("lets microtasks run between two pieces", async () => {
    const [left, right] = createTransportPair({ split: 1 });
    const sink = createRecorder();
    right.start({ ...sink, onData: (...data) => (sink.onData(...data), queueMicrotask(() => sink.log.push("-"))) });
    left.write([text("ab")]);
    await settle();
    expect(sink.log).toEqual(["a", "-", "b", "-"]);
  });

  it("overwrites what it lent", async () => {
    const [left, right] = createTransportPair();
    const kept: Uint8Array[] = [];
    right.start({ ...createRecorder(), onData: (buffer, start, end) => kept.push(buffer.subarray(start, end)) });
    left.write([text("ab")]);
    await settle();
    expect(kept).toEqual([new Uint8Array([0xa5, 0xa5])]);
  });

  it("keeps bytes back while the peer stalls, and tells when they are taken", async () => {
    const [left, right] = createTransportPair({ capacityBytes: 4 });
    const [near, far] = [createRecorder(), createRecorder()];
    left.start(near);
    right.start(far);
    right.stall();
    left.write([text("abcdefghij")]);
    await settle();
    expect({ buffered: left.bufferedBytes, near: near.log, far: far.log }).toEqual({ buffered: 6, near: [], far: [] });
    right.unstall();
    await settle();
    expect(near.log).toEqual(["progress", "drain"]);
    expect(far.log).toEqual(["abcd", "efgh", "ij"]);
    expect(left.bufferedBytes).toBe(0);
  });

  it("shows every write in bufferedBytes when writes are lazy", async () => {
    const [left] = createTransportPair({ lazyWrites: true });
    const sink = createRecorder();
    left.start(sink);
    left.write([text("ab")]);
    expect(left.bufferedBytes).toBe(2);
    await settle();
    expect({ buffered: left.bufferedBytes, log: sink.log }).toEqual({ buffered: 0, log: ["drain"] });
  });

  it("closes with an error when a chunk is changed while it waits", async () => {
    const [left, right] = createTransportPair({ capacityBytes: 1 });
    const sink = createRecorder();
    const chunk = text("ab");
    left.start(sink);
    left.write([chunk]);
    chunk[1] = 0;
    right.start(createRecorder());
    await settle();
    expect(sink.log).toEqual(["closed byte 1 of a chunk was changed while it waited to be written"]);
  });

  it("ends each direction by itself, behind what was written", async () => {
    const [left, right] = createTransportPair({ capacityBytes: 1 });
    const [near, far] = [createRecorder(), createRecorder()];
    left.start(near);
    right.start(far);
    left.write([text("ab")]);
    left.end();
    await settle();
    expect(far.log).toEqual(["a", "b", "end"]);
    right.write([text("c")]);
    right.end();
    await settle();
    expect(near.log).toEqual(["drain", "c", "end", "closed well"]);
    expect(far.log).toEqual(["a", "b", "end", "closed well"]);
  });

  it("delivers what was taken before destroy, then the end", async () => {
    const [left, right] = createTransportPair({ capacityBytes: 2 });
    const [near, far] = [createRecorder(), createRecorder()];
    left.start(near);
    left.write([text("abc")]);
    left.destroy();
    right.start(far);
    await settle();
    expect({ near: near.log, far: far.log }).toEqual({ near: ["closed well"], far: ["ab", "end"] });
  });

  it("resets a peer that writes to a destroyed end", async () => {
    const [left, right] = createTransportPair();
    const sink = createRecorder();
    right.start(sink);
    left.start(createRecorder());
    left.destroy();
    await settle();
    right.write([text("a")]);
    expect(sink.log).toEqual(["end"]);
    await settle();
    expect(sink.log).toEqual(["end", "closed the connection was reset"]);
  });

  it("resets a peer whose bytes were not read before destroy", async () => {
    const [left, right] = createTransportPair();
    const sink = createRecorder();
    right.start(sink);
    right.write([text("a")]);
    left.destroy();
    await settle();
    expect(sink.log).toEqual(["closed the connection was reset"]);
  });

  it("closes both ends with the error of a cut", async () => {
    const [left, right] = createTransportPair();
    const [near, far] = [createRecorder(), createRecorder()];
    left.start(near);
    right.start(far);
    left.write([text("lost")]);
    right.cut(new Error("cut"));
    await settle();
    expect({ near: near.log, far: far.log }).toEqual({ near: ["closed cut"], far: ["closed cut"] });
    expect(left.closed && right.closed).toBe(true);
  });

  it("tells nobody anything after silence, and fills up", async () => {
    const [left, right] = createTransportPair({ capacityBytes: 2 });
    const [near, far] = [createRecorder(), createRecorder()];
    left.start(near);
    right.start(far);
    left.silence();
    left.write([text("abc")]);
    right.end();
    right.destroy();
    await settle();
    expect({ near: near.log, far: far.log, buffered: left.bufferedBytes }).toEqual({
      near: [],
      far: ["closed well"],
      buffered: 1,
    });
    left.cut();
    await settle();
    expect(near.log).toEqual(["closed the connection was reset"]);
  });

  it("delivers after the latency", async () => {
    const clock = new VirtualClock();
    const [left, right] = createTransportPair({ clock, latencyMs: 30 });
    const sink = createRecorder();
    right.start(sink);
    left.write([text("ab")]);
    await clock.advance(10);
    left.write([text("cd")]);
    left.end();
    await clock.advance(19);
    expect(sink.log).toEqual([]);
    await clock.advance(1);
    expect(sink.log).toEqual(["ab"]);
    await clock.advance(10);
    expect(sink.log).toEqual(["ab", "cd", "end"]);
  });

  it("says what it is", () => {
    const [plain] = createTransportPair();
    const [named] = createTransportPair({ remoteAddress: "192.0.2.1", secure: true });
    expect(plain).toMatchObject({ remoteAddress: undefined, secure: false });
    expect(named).toMatchObject({ remoteAddress: "192.0.2.1", secure: true });
  });

  it("refuses a second start and a latency without a clock", () => {
    const [left] = createTransportPair();
    left.start(createRecorder());
    expect(() => left.start(createRecorder())).toThrow(expect.objectContaining({ code: "INVALID_STATE" }));
    expect(() => createTransportPair({ latencyMs: 1 })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  it("closes with an error what writes after its end", async () => {
    const [left] = createTransportPair();
    const sink = createRecorder();
    left.start(sink);
    left.end();
    left.write([text("a")]);
    await settle();
    expect(sink.log).toEqual(["closed write after end"]);
  });
});
