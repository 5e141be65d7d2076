// Every adapter of the Transport port keeps the rules of the port.
import { once } from "node:events";
import net from "node:net";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { StreamTransport } from "../../src/node/index.js";
import type { Transport, TransportSink } from "../../src/socket/index.js";
import { createTransportPair, randomSplit, transportContract } from "../../src/testing/index.js";
import type { TransportPair } from "../../src/testing/index.js";

async function createLoopbackPair(): Promise<TransportPair> {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = net.connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  const [accepted] = (await once(server, "connection")) as [net.Socket];
  if (client.connecting) await once(client, "connect");
  return {
    transports: [new StreamTransport(client), new StreamTransport(accepted)],
    dispose: () => void server.close(),
  };
}

const memory = transportContract("memory", () => ({ transports: createTransportPair() }));
const lazyMemory = transportContract("memory, lazy and cut at random", () => ({
  transports: createTransportPair({ lazyWrites: true, split: randomSplit(1, 65_536), capacityBytes: 100_000 }),
}));
const nodeStream = transportContract("stream of Node", createLoopbackPair);

it.each([...memory, ...lazyMemory, ...nodeStream])("$name", async ({ run }) => {
  await expect(run()).resolves.toBeUndefined();
});

// A suite that cannot fail proves nothing: each of these adapters breaks one rule.
type Change = (transport: Transport) => Partial<Transport>;

const changeByte: Change = (transport) => ({
  write: (chunks) => transport.write(chunks.map((chunk) => chunk.map((byte, index) => (index === 2 ? 0 : byte)))),
});
const closeInside: Change = (transport) => {
  let close = (): void => {};
  return {
    start: (sink) => {
      close = () => sink.onClosed(undefined);
      transport.start(sink);
    },
    destroy: () => close(),
  };
};
const neverBuffer: Change = () => ({
  get bufferedBytes() {
    return 0;
  },
});
const change = (transport: Transport, told: (sink: TransportSink) => Partial<TransportSink>): Partial<Transport> => ({
  start: (sink) => transport.start({ ...sink, ...told(sink) }),
});
const drainTwice: Change = (transport) =>
  change(transport, (sink) => ({ onDrain: () => (sink.onDrain(), sink.onDrain()) }));
const closeTwice: Change = (transport) =>
  change(transport, (sink) => ({ onClosed: (error) => (sink.onClosed(error), sink.onClosed(error)) }));
const failAlways: Change = (transport) =>
  change(transport, (sink) => ({ onClosed: () => sink.onClosed(new Error("odd")) }));
const destroyOnEnd: Change = (transport) => ({ end: () => transport.destroy() });
const writeIntoChunks: Change = (transport) => ({
  write: (chunks) => {
    transport.write(chunks);
    for (const chunk of chunks) chunk.fill(0);
  },
});

const keepChunks: Change = (transport) => ({
  copies: true,
  write: (chunks) => void setImmediate(() => transport.write(chunks)),
});
const neverDestroyed: Change = () => ({
  get destroyed() {
    return false;
  },
});

it.each<[string, string, Change, RegExp]>([
  ["changes a byte", "brings bytes in order", changeByte, /differ from those written/],
  ["closes from inside destroy", "closes later", closeInside, /from inside destroy/],
  ["never buffers", "while the peer is paused", neverBuffer, /bufferedBytes is 0/],
  ["drains twice", "while the peer is paused", drainTwice, /2 !== 1/],
  ["closes twice", "closes later", closeTwice, /2 !== 1/],
  ["closes with an error", "ends one direction", failAlways, /odd/],
  ["ends both directions", "ends one direction", destroyOnEnd, /!== 100000/],
  ["keeps chunks that it says it copies", "has no use for the chunks", keepChunks, /differ/],
  ["never says that it is destroyed", "says that it is destroyed", neverDestroyed, /destroyed/],
  ["writes into chunks", "writes nothing into the chunks", writeIntoChunks, /differ|changed/],
])("finds out a transport that %s", async (_name, rule, breakRule, fault) => {
  const [near, far] = createTransportPair();
  const broken = Object.defineProperties(delegate(near), Object.getOwnPropertyDescriptors(breakRule(near)));
  const found = transportContract("broken", () => ({ transports: [broken, far] })).find(({ name }) =>
    name.includes(rule),
  );
  await expect(found?.run()).rejects.toThrow(fault);
});

function delegate(transport: Transport): Transport {
  return {
    remoteAddress: transport.remoteAddress,
    secure: transport.secure,
    copies: transport.copies,
    get destroyed() {
      return transport.destroyed;
    },
    get bufferedBytes() {
      return transport.bufferedBytes;
    },
    start: (sink) => transport.start(sink),
    write: (chunks) => transport.write(chunks),
    pause: () => transport.pause(),
    resume: () => transport.resume(),
    end: () => transport.end(),
    destroy: () => transport.destroy(),
  };
}
