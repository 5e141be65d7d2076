import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createZlibDeflate } from "../../src/node/index.js";
import type { Message, Socket } from "../../src/socket/index.js";
import { createSeededRandom, createTransportPair, randomSplit } from "../../src/testing/index.js";
import { createBench, openBoth, openOn } from "../support/socket-fixture.js";
import type { Bench } from "../support/socket-fixture.js";

const text = fc.string({ unit: "grapheme", maxLength: 200 });
const bytes = fc.uint8Array({ maxLength: 400 });
const large = fc.integer({ min: 60_000, max: 140_000 }).map((size) => new Uint8Array(size).fill(size & 0xff));
const message = fc.oneof(
  { weight: 10, arbitrary: text },
  { weight: 10, arbitrary: bytes },
  { weight: 1, arbitrary: large },
);

/** A message and the way it is sent. */
const sending = fc.record({ message, way: fc.constantFrom("send", "post", "stream", "bounded", "ping") });
type Sending = { message: Message; way: string };

const network = fc.record({
  seed: fc.nat(),
  maxSplit: fc.constantFrom(1, 3, 50, 4096, 65_536),
  capacityBytes: fc.constantFrom(1, 7, 100, 4096, 65_536),
  lazyWrites: fc.boolean(),
});

/** A network that does not need more than a few thousand steps for `plan`: bytes one by one are for short ones. */
function fit(size: number, plan: readonly Sending[]): number {
  const bytes = plan.reduce((sum, { message: data }) => sum + data.length, 0);
  return Math.max(size, Math.ceil(bytes / 2000));
}

async function sendAll(socket: Socket, plan: readonly Sending[]): Promise<void> {
  const results: Promise<unknown>[] = [];
  for (const { message: data, way } of plan) {
    if (way === "send") results.push(socket.send(data));
    else if (way === "bounded") results.push(socket.send(data, { timeoutMs: 1_000_000 }));
    else if (way === "stream") results.push(sendInPieces(socket, data));
    else if (!socket.post(data)) results.push(socket.drained());
    if (way === "ping") results.push(socket.ping());
    if (socket.bufferedBytes > 500_000) await socket.drained();
  }
  await Promise.all(results);
}

const sendInPieces = (socket: Socket, data: Message): Promise<void> =>
  socket.sendStream([data.slice(0, 5), data.slice(5)], { type: typeOf(data) });

const typeOf = (data: Message): "text" | "binary" => (typeof data === "string" ? "text" : "binary");

const isSame = (got: readonly Message[], plan: readonly Sending[]): boolean =>
  got.length === plan.length && got.every((data, i) => equal(data, plan[i]?.message));

const equal = (a: Message, b: Message | undefined): boolean =>
  typeof a === "string" || typeof b === "string" || b === undefined ? a === b : Buffer.compare(a, b) === 0;

/** Lets time pass until it is so: a long message is compressed in slices, with real turns between them. */
async function passUntil({ clock }: Bench, isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo() && turns < 10_000; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(1);
  }
}

async function drive(bench: Bench, promise: Promise<unknown>): Promise<void> {
  let isPending = true;
  const stop = (): void => void (isPending = false);
  promise.then(stop, stop);
  await passUntil(bench, () => !isPending);
  expect(isPending).toBe(false);
  await promise;
}

describe("two sockets of ours", () => {
  it.each([false, true])(
    "bring any messages across both ways, whole and in order, under any split and pause, deflated: %s",
    { timeout: 60_000 },
    async (deflated) => {
      const property = fc.asyncProperty(
        fc.array(sending, { maxLength: 25 }),
        fc.array(sending, { maxLength: 25 }),
        network,
        fc.constantFrom("server", "client", "both", "half"),
        async (fromServer, fromClient, { seed, maxSplit, capacityBytes, lazyWrites }, closer) => {
          const plans = [...fromServer, ...fromClient];
          const got: Message[] = [];
          const random = createSeededRandom(seed);
          const deflate = { port: createZlibDeflate(), takeover: seed % 2 === 0, thresholdBytes: 20 };
          const { server, client, bench, transports } = openBoth({
            transport: {
              split: randomSplit(seed, fit(maxSplit, plans)),
              capacityBytes: fit(capacityBytes, plans),
              lazyWrites,
            },
            server: {
              // pushed, by a handler that is slow now and then
              handlers: {
                message: (_s, data) => {
                  got.push(data);
                  return random.below(4) === 0
                    ? new Promise<void>((resolve) => void bench.clock.schedule(resolve, random.below(3)))
                    : undefined;
                },
              },
              ...(deflated ? { deflate } : {}),
            },
            client: deflated ? { deflate } : {},
          });
          const pulled: Message[] = [];
          const pulling = (async () => {
            for await (const data of client) pulled.push(data);
          })();
          const sent = Promise.all([sendAll(server, fromServer), sendAll(client, fromClient)]);
          const stalled = transports[random.below(2)];
          stalled?.stall();
          await bench.clock.advance(50);
          stalled?.unstall();
          for (let i = 0; i < 5; i++) await bench.clock.advance(20);
          await drive(bench, sent);
          // who closes drops what comes behind, so first it is all there
          await passUntil(bench, () => got.length + pulled.length >= plans.length);
          if (closer !== "server") void (closer === "half" ? client.closeOutput() : client.close(4000));
          if (closer !== "client" && closer !== "half") void server.close(4001);
          await drive(bench, Promise.all([server.closed, client.closed]));
          const [one, two] = await Promise.all([server.closed, client.closed]);
          await pulling;
          expect([isSame(got, fromClient), isSame(pulled, fromServer)]).toEqual([true, true]);
          expect([one.clean, two.clean, one.error, two.error]).toEqual([true, true, null, null]);
          expect([one.sent, one.received]).toEqual([two.received, two.sent]);
          expect([one.bytesSent, one.messagesSent]).toEqual([two.bytesReceived, two.messagesReceived]);
          expect([two.bytesSent, two.messagesSent]).toEqual([one.bytesReceived, one.messagesReceived]);
          expect([bench.runtime.ledger.bytes, bench.runtime.wheel.size]).toEqual([0, 0]);
        },
      );
      await fc.assert(property, { numRuns: 100 });
    },
  );

  it("settle everything and hold nothing, wherever the connection is cut", { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(
      fc.array(sending, { maxLength: 15 }),
      network,
      fc.nat(40),
      fc.constantFrom("cut", "abort", "close", "silence"),
      async (plan, { seed, maxSplit, capacityBytes, lazyWrites }, steps, how) => {
        const { server, client, bench, transports, settle } = openBoth({
          transport: {
            split: randomSplit(seed, fit(maxSplit, plan)),
            capacityBytes: fit(capacityBytes, plan),
            lazyWrites,
          },
          server: { handlers: { message: (s, data) => (s.post(data) ? undefined : s.drained()) } },
          client: { handlers: {}, options: { heartbeat: { intervalMs: 1000, timeoutMs: 1000 } } },
        });
        const sent = sendAll(client, plan).catch(() => {});
        for (let i = 0; i < steps; i++) await Promise.resolve();
        if (how === "cut") transports[0].cut();
        else if (how === "abort") server.abort();
        else if (how === "close") void client.close();
        else transports[0].silence();
        await bench.clock.advance(60_000);
        if (how === "silence") server.abort();
        await settle();
        const [one, two] = await Promise.all([server.closed, client.closed]);
        await sent;
        expect(one.code === 1000 || !(one.clean && two.clean)).toBe(true);
        expect([bench.runtime.ledger.bytes, bench.runtime.ledger.connections, bench.runtime.wheel.size]).toEqual([
          0, 0, 0,
        ]);
        expect([server.bufferedBytes, client.bufferedBytes]).toEqual([0, 0]);
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });
});

describe("the write block that all sockets share", () => {
  it("gives no byte of one connection to another, however late transports take", { timeout: 60_000 }, async () => {
    const action = fc.record({
      pair: fc.nat(4),
      way: fc.constantFrom("post", "ping", "stream", "turn", "time"),
      size: fc.nat(9000),
    });
    const property = fc.asyncProperty(
      fc.array(action, { minLength: 10, maxLength: 120 }),
      fc.array(network, { minLength: 5, maxLength: 5 }),
      async (actions, networks) => {
        const bench = createBench();
        const pairs = networks.map(({ seed, maxSplit, capacityBytes, lazyWrites }, i) => {
          const transports = createTransportPair({
            split: randomSplit(seed, maxSplit),
            capacityBytes: capacityBytes * 8,
            lazyWrites,
          });
          let foreign = 0;
          let received = 0;
          const server = openOn(bench, transports[0], {
            role: "server",
            handlers: {
              message: (_s, data) => {
                received++;
                foreign += Buffer.from(data as Uint8Array).every((byte) => byte === i + 1) ? 0 : 1;
              },
            },
            options: { borrow: true },
          });
          const client = openOn(bench, transports[1], { role: "client", handlers: {} });
          return { server, client, sent: 0, counts: () => ({ foreign, received }) };
        });
        for (const { pair: index, way, size } of actions) {
          const pair = pairs[index];
          if (pair === undefined) continue;
          const data = new Uint8Array(size).fill(index + 1);
          if (way === "turn") await Promise.resolve();
          else if (way === "time") await bench.clock.advance(1);
          else if (way === "ping") void pair.client.ping(data.subarray(0, 100));
          else if (way === "stream") void pair.client.sendStream([data, data]);
          else if (pair.client.bufferedBytes < 500_000) pair.client.post(data);
          if (way === "stream" || (way === "post" && pair.client.bufferedBytes > 0)) pair.sent++;
        }
        await bench.clock.advance(100);
        for (const { client } of pairs) void client.close();
        await bench.clock.advance(100);
        for (const { server, sent, counts } of pairs) {
          expect(await server.closed).toMatchObject({ clean: true, error: null });
          expect(counts()).toEqual({ foreign: 0, received: sent });
        }
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });
});
