import { once } from "node:events";
import net from "node:net";
import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";
import { afterEach, expect, it } from "vitest";
import type { TransportSink } from "../socket/index.js";
import { StreamTransport } from "./stream-transport.js";

/** Writes down what a transport tells, and lets a test wait for it. */
class Recorder implements TransportSink {
  readonly events: string[] = [];
  readonly received: Buffer[] = [];
  readonly closed: Promise<Error | undefined>;
  #close!: (error: Error | undefined) => void; // set by the executor, which runs at once
  #watchers: { test: () => boolean; resolve: () => void }[] = [];

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  get text(): string {
    return Buffer.concat(this.received).toString("latin1");
  }

  get bytes(): number {
    return this.received.reduce((sum, { length }) => sum + length, 0);
  }

  until(test: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.push({ test, resolve });
      this.#look();
    });
  }

  onData(buffer: Uint8Array, start: number, end: number): void {
    this.received.push(Buffer.from(buffer.subarray(start, end)));
    this.#note("data");
  }
  onDrain(): void {
    this.#note("drain");
  }
  onProgress(): void {
    this.#note("progress");
  }
  onEnd(): void {
    this.#note("end");
  }
  onClosed(error: Error | undefined): void {
    this.#note("closed");
    this.#close(error);
  }

  #note(event: string): void {
    this.events.push(event);
    this.#look();
  }

  #look(): void {
    for (const watcher of this.#watchers) if (watcher.test()) watcher.resolve();
    this.#watchers = this.#watchers.filter((watcher) => !watcher.test());
  }
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Our end of a TCP connection, and the peer's bare one. */
async function openPair(): Promise<{ near: net.Socket; far: net.Socket }> {
  const server = net.createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const far = net.connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  far.on("error", () => {});
  const [near] = (await once(server, "connection")) as [net.Socket];
  cleanups.push(() => {
    near.destroy();
    far.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { near, far };
}

function open(stream: Duplex): { transport: StreamTransport; sink: Recorder } {
  const transport = new StreamTransport(stream);
  const sink = new Recorder();
  transport.start(sink);
  return { transport, sink };
}

it("carries bytes both ways and knows its peer", async () => {
  const { near, far } = await openPair();
  const { transport, sink } = open(near);

  transport.write([Buffer.from("he"), Buffer.from("llo")]);
  far.write("there");
  const [answer] = (await once(far, "data")) as [Buffer];
  await sink.until(() => sink.text === "there");

  expect(answer.toString()).toBe("hello");
  expect(transport.remoteAddress).toBe("127.0.0.1");
  expect(transport.secure).toBe(false);
});

it("sends several chunks as one write", async () => {
  const { near, far } = await openPair();
  const { transport } = open(near);
  const arrivals: Buffer[] = [];
  far.on("data", (chunk: Buffer) => arrivals.push(chunk));

  transport.write([Buffer.from("a"), Buffer.from("b"), Buffer.from("c")]);
  transport.end();
  await once(far, "end");

  expect(arrivals.map(String)).toEqual(["abc"]);
});

it("has nothing buffered after a small write that the system took at once, and tells no drain", async () => {
  const { near, far } = await openPair();
  const { transport, sink } = open(near);

  transport.write([Buffer.from("hello")]);
  const buffered = transport.bufferedBytes;
  far.write("x");
  await sink.until(() => sink.text === "x");

  expect(buffered).toBe(0);
  expect(sink.events).toEqual(["data"]);
});

it("shows progress while a peer takes one huge chunk slowly, then one drain", async () => {
  const { near, far } = await openPair();
  const { transport, sink } = open(near);
  const huge = Buffer.alloc(32 * 1024 * 1024, 7);

  far.pause();
  transport.write([huge]);
  const buffered = transport.bufferedBytes;
  let taken = 0;
  far.on("data", (chunk: Buffer) => (taken += chunk.length));
  far.resume();
  await sink.until(() => sink.events.includes("drain"));
  transport.end();
  await once(far, "end");

  expect(buffered).toBeGreaterThan(0);
  expect(taken).toBe(huge.length);
  expect(sink.events.filter((event) => event === "progress").length).toBeGreaterThan(20);
  expect(sink.events.filter((event) => event === "drain")).toEqual(["drain"]);
  expect(transport.bufferedBytes).toBe(0);
});

it("keeps the order of what waits and what comes later", async () => {
  const { near, far } = await openPair();
  const { transport } = open(near);
  const parts = Array.from({ length: 300 }, (_, at) => Buffer.alloc(50_000, at));
  const received: Buffer[] = [];

  far.on("data", (chunk: Buffer) => received.push(chunk));
  for (const part of parts) transport.write([part]);
  transport.end();
  await once(far, "end");

  expect(Buffer.concat(received).equals(Buffer.concat(parts))).toBe(true);
});

it("copies what is written where the system takes it, and nowhere else", async () => {
  const { near } = await openPair();
  const kept = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  class Wrapped extends net.Socket {}

  expect([near, kept, new Wrapped()].map((stream) => new StreamTransport(stream).copies)).toEqual([true, false, false]);
});

it("stops and goes on reading", async () => {
  const { near, far } = await openPair();
  const { transport, sink } = open(near);

  transport.pause();
  far.write("waits");
  transport.write([Buffer.from("?")]);
  await once(far, "data");
  const whilePaused = sink.text;
  transport.resume();
  await sink.until(() => sink.text === "waits");

  expect(whilePaused).toBe("");
});

it("can still write after the peer's FIN, and closes when both directions are over", async () => {
  const { near, far } = await openPair();
  const { transport, sink } = open(near);

  far.end();
  await sink.until(() => sink.events.includes("end"));
  transport.write([Buffer.from("bye")]);
  transport.end();
  transport.end();
  const [last] = (await once(far, "data")) as [Buffer];

  expect(last.toString()).toBe("bye");
  expect(await sink.closed).toBeUndefined();
  expect(sink.events).toEqual(["end", "closed"]);
});

it("can still read after its own end", async () => {
  const { near, far } = await openPair();
  const { transport, sink } = open(near);

  transport.end();
  far.resume();
  await once(far, "end");
  far.end("late");
  await sink.closed;

  expect(sink.text).toBe("late");
});

it("writes nothing after end", async () => {
  const { near, far } = await openPair();
  const { transport } = open(near);
  const received: Buffer[] = [];
  far.on("data", (chunk: Buffer) => received.push(chunk));

  transport.write([Buffer.from("in time")]);
  transport.end();
  transport.write([Buffer.from("too late")]);
  await once(far, "end");

  expect(Buffer.concat(received).toString()).toBe("in time");
});

it("destroy closes once, later, and drops what waits", async () => {
  const { near, far } = await openPair();
  const { transport, sink } = open(near);
  far.pause();

  transport.write([Buffer.alloc(32 * 1024 * 1024)]);
  transport.destroy();
  transport.destroy();
  const atOnce = [...sink.events];
  await sink.closed;
  transport.write([Buffer.from("x")]);

  expect(atOnce).toEqual([]);
  expect(sink.events).toEqual(["closed"]);
  expect(transport.bufferedBytes).toBe(0);
});

it("REL-A31 reports a reset while reading as one close with an error", async () => {
  const { near, far } = await openPair();
  const { sink } = open(near);

  far.write("half a fra");
  await sink.until(() => sink.bytes > 0);
  far.resetAndDestroy();

  expect(await sink.closed).toMatchObject({ code: "ECONNRESET" });
  expect(sink.events.filter((event) => event === "closed")).toEqual(["closed"]);
});

it("REL-A31 reports a reset while writing as one close with an error", async () => {
  const { near, far } = await openPair();
  const { transport, sink } = open(near);

  far.pause();
  transport.write([Buffer.alloc(32 * 1024 * 1024)]);
  far.resetAndDestroy();
  const error = await sink.closed;
  transport.write([Buffer.from("x")]);

  expect(error).toBeInstanceOf(Error);
  expect(sink.events.filter((event) => event === "closed")).toEqual(["closed"]);
});

it("REL-A31 survives a reset before it is started, and tells it then", async () => {
  const { near, far } = await openPair();
  const transport = new StreamTransport(near);
  const sink = new Recorder();

  near.resume();
  far.resetAndDestroy();
  await new Promise((resolve) => near.once("close", resolve));
  transport.start(sink);
  const atOnce = [...sink.events];

  expect(await sink.closed).toMatchObject({ code: "ECONNRESET" });
  expect(atOnce).toEqual([]);
  expect(sink.events).toEqual(["closed"]);
});

it("REL-A31 takes over a stream that has closed already", async () => {
  const { near } = await openPair();
  near.destroy();
  await once(near, "close");
  const { transport, sink } = open(near);

  transport.write([Buffer.from("x")]);

  expect(await sink.closed).toBeUndefined();
});

it("destroys a stream that goes on after an error, as TLS does", async () => {
  const stream = new Duplex({ autoDestroy: false, read: () => {}, write: (_chunk, _encoding, done) => done() });
  const { sink } = open(stream);

  stream.emit("error", new Error("bad record"));

  expect(await sink.closed).toMatchObject({ message: "bad record" });
  expect(stream.destroyed).toBe(true);
});

it("refuses a stream of text", async () => {
  const { near } = await openPair();
  near.setEncoding("utf8");
  const { sink } = open(near);

  expect(await sink.closed).toMatchObject({ code: "INVALID_ARGUMENT" });
});

it("never calls the sink from inside a write, though a stream in memory answers at once", async () => {
  const echo = new Duplex({
    read: () => {},
    write(chunk, _encoding, done) {
      this.push(chunk);
      done();
    },
  });
  const { transport, sink } = open(echo);
  transport.write([Buffer.from("first")]);
  await sink.until(() => sink.text === "first"); // flowing from here on

  transport.write([Buffer.from("-a")]);
  transport.write([Buffer.from("-b"), Buffer.from("-c")]);
  const inside = sink.text;
  await sink.until(() => sink.text.length >= 11);

  expect(inside).toBe("first");
  expect(sink.text).toBe("first-a-b-c");
});

it("reads what a stream held back or had pushed back before", async () => {
  const { near, far } = await openPair();
  near.pause();
  far.end("later");
  near.unshift(Buffer.from("first, "));
  const { sink } = open(near);

  await sink.until(() => sink.events.includes("end"));

  expect(sink.text).toBe("first, later");
});
