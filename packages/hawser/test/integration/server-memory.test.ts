// REL-D20 on a real server: memory that connections hold is bounded, and without the limit it is not.
import { describe, expect, it } from "vitest";
import { createNodeRuntime } from "../../src/node/index.js";
import type { Server } from "../../src/server/index.js";
import { encodeWireFrame } from "../../src/testing/index.js";
import { connectRaw, createMemoryLog, startServer } from "../support/server-fixture.js";
import { formatHandshake } from "../support/raw-client.js";
import type { RawClient } from "../support/raw-client.js";

const KIB = 1024;

async function open(server: Server): Promise<RawClient> {
  const client = await connectRaw(server);
  await client.send(formatHandshake()).answer();
  return client;
}

/** Opens connections, each of which sends 64 KiB of a message that never ends. */
async function openHoarders(server: Server, count: number): Promise<RawClient[]> {
  const frame = encodeWireFrame({ opcode: 2, fin: false, masked: true, payload: new Uint8Array(64 * KIB) });
  const clients: RawClient[] = [];
  for (let i = 0; i < count; i++) {
    // oxlint-disable-next-line no-await-in-loop -- the newest is to be known
    const client = await open(server);
    clients.push(client.send(frame));
  }
  return clients;
}

/** Whether the connection was closed with 1013, and told when to come again. */
function isShed(client: RawClient): boolean {
  return client.received.includes(Buffer.from("03f5", "hex")) && client.received.includes('{"retryAfter":');
}

describe("REL-D20 memory", () => {
  it("is bounded: who holds much is closed with 1013, who holds nothing keeps his connection", async () => {
    const runtime = createNodeRuntime();
    const { logger, entries } = createMemoryLog();
    const server = await startServer({ runtime, logger, maxMemoryBytes: 2048 * KIB });
    const canary = await open(server);
    // the buffer of a message that grows has room for more: twice what came, at most
    const hoarders = await openHoarders(server, 12);
    await expect.poll(() => runtime.ledger.chargedBytes).toBeGreaterThanOrEqual(0.8 * 2048 * KIB);
    const refused = await connectRaw(server);
    expect((await refused.send(formatHandshake()).answer()).status).toBe(503);

    for (const hoarder of hoarders) {
      hoarder.send(encodeWireFrame({ opcode: 0, fin: false, masked: true, payload: new Uint8Array(80 * KIB) }));
    }
    await expect.poll(() => hoarders.filter(isShed).length).toBeGreaterThanOrEqual(5);
    await expect.poll(() => runtime.ledger.chargedBytes).toBeLessThanOrEqual(2048 * KIB);
    // no more of them than had to: six messages of 256 KiB fit below nine tenths of the limit
    expect(hoarders.map(isShed).filter(Boolean).length).toBeLessThanOrEqual(8);

    canary.send(encodeWireFrame({ opcode: 1, masked: true, payload: Buffer.from("still here") }));
    await canary.until(() => canary.received.includes("still here"));
    const warnings = entries.filter(({ level }) => level === "warn").map(({ message }) => message);
    // a busy machine may have stood still, which is told, too
    expect(warnings.filter((message) => !message.startsWith("the process stood still"))).toEqual([
      "memory runs short: new connections are refused, and some may be closed",
    ]);
  });

  it("is not bounded without the limit", async () => {
    const runtime = createNodeRuntime();
    const server = await startServer({ runtime, maxMemoryBytes: Infinity });
    const hoarders = await openHoarders(server, 12);
    await expect.poll(() => runtime.ledger.chargedBytes).toBeGreaterThan(768 * KIB);
    expect(hoarders.filter((hoarder) => hoarder.socket.destroyed || isShed(hoarder))).toEqual([]);
  });

  it("is back where it was when all have left", async () => {
    const runtime = createNodeRuntime();
    const server = await startServer({ runtime, maxMemoryBytes: 256 * KIB });
    const hoarders = await openHoarders(server, 2);
    await expect.poll(() => runtime.ledger.bytes).toBeGreaterThanOrEqual(128 * KIB);
    for (const hoarder of hoarders) hoarder.destroy();
    await expect.poll(() => runtime.ledger.chargedBytes).toBe(0);
    expect((await (await connectRaw(server)).send(formatHandshake()).answer()).status).toBe(101);
  });
});

it("REL-D20 near the limit of the process newcomers are refused, and let in again", async () => {
  const runtime = createNodeRuntime();
  const use = { usedBytes: 95, limitBytes: 100 };
  const resources = { maxDescriptors: Infinity, maxMemoryBytes: 100, readMemoryUse: () => use };
  const server = await startServer({ runtime: { ...runtime, resources }, maxMemoryBytes: 1024 * KIB });
  await open(server);
  const ask = async (): Promise<number> => (await (await connectRaw(server)).send(formatHandshake()).answer()).status;
  await expect.poll(ask, { timeout: 5000 }).toBe(503);
  use.usedBytes = 50;
  await expect.poll(ask, { timeout: 5000 }).toBe(101);
});
