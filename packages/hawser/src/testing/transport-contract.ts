import assert from "node:assert/strict";
import type { Transport } from "../socket/transport.js";
import { ContractEnd } from "./contract-end.js";

/** Two transports joined to each other, neither of them started. */
export interface TransportPair {
  readonly transports: readonly [Transport, Transport];
  /** Called when the case is over, passed or failed. */
  readonly dispose?: () => void | Promise<void>;
}

/** One rule of a port. `run` rejects when it is broken; whoever runs it bounds its time. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** More than any buffers between two ends hold. */
const FLOOD_BYTES = 32 * 1024 * 1024;

const takeTurn = setImmediate;

type Rule = (near: ContractEnd, far: ContractEnd) => Promise<void>;

/**
 * The rules of the Transport port, for every adapter: give each case to the test runner in use.
 *
 * ```ts
 * for (const { name, run } of transportContract("memory", createPair)) it(name, run);
 * ```
 */
export function transportContract(
  name: string,
  createPair: () => TransportPair | Promise<TransportPair>,
): readonly ContractCase[] {
  return Object.entries(rules).map(([rule, check]) => ({
    name: `${name}: ${rule}`,
    run: async () => {
      const pair = await createPair();
      const near = new ContractEnd(pair.transports[0]);
      const far = new ContractEnd(pair.transports[1]);
      try {
        await check(near, far);
        near.throwFaults();
        far.throwFaults();
      } finally {
        near.transport.destroy();
        far.transport.destroy();
        await pair.dispose?.();
      }
    },
  }));
}

const rules: Readonly<Record<string, Rule>> = {
  "says where the peer is and whether bytes are encrypted": async ({ transport }) => {
    assert.ok(["string", "undefined"].includes(typeof transport.remoteAddress));
    assert.equal(typeof transport.secure, "boolean");
    assert.equal(transport.bufferedBytes, 0);
  },

  "brings bytes in order, both ways": async (near, far) => {
    near.start();
    far.start();
    near.write(pattern(3), pattern(70_000), pattern(0), pattern(1));
    near.write(pattern(5));
    far.write(pattern(9));
    await far.until(() => far.receivedBytes === 70_009, "all bytes");
    await near.until(() => near.receivedBytes === 9, "all bytes");
    assertSameBytes(far.received, [pattern(3), pattern(70_000), pattern(1), pattern(5)]);
    assertSameBytes(near.received, [pattern(9)]);
  },

  "brings what was written before the other end started": async (near, far) => {
    near.start();
    near.write(pattern(1000));
    await turns();
    far.start();
    await far.until(() => far.receivedBytes === 1000, "all bytes");
  },

  "writes nothing into the chunks, though the receiver may write into what it is lent": async (near, far) => {
    near.start();
    far.start({ scribble: true });
    const chunk = pattern(5000);
    near.write(chunk, chunk);
    await far.until(() => far.receivedBytes === 10_000, "all bytes");
    assertSameBytes([chunk], [pattern(5000)]);
    assertSameBytes(far.received, [pattern(5000), pattern(5000)]);
  },

  "has no use for the chunks once nothing is buffered, if it says that it copies": async (near, far) => {
    near.start();
    far.start();
    assert.equal(typeof near.transport.copies, "boolean");
    const chunk = pattern(5000);
    near.write(chunk);
    await near.until(() => near.transport.bufferedBytes === 0, "the bytes to be taken");
    if (near.transport.copies) chunk.fill(0xff);
    await far.until(() => far.receivedBytes === 5000, "all bytes");
    assertSameBytes(far.received, [pattern(5000)]);
  },

  "says that it is destroyed at once, and only then": async (near, far) => {
    near.start();
    far.start();
    near.write(pattern(10));
    assert.equal(near.transport.destroyed, false);
    near.destroy();
    assert.equal(near.transport.destroyed, true, "destroyed is false behind destroy");
    await near.closed();
    assert.equal(near.transport.destroyed, true, "destroyed is false behind onClosed");
  },

  "tells the drain once for bytes that waited, and none for bytes that did not": async (near, far) => {
    near.start();
    far.start();
    near.write(pattern(100));
    const expected = near.transport.bufferedBytes > 0 ? 1 : 0;
    await far.until(() => far.receivedBytes === 100, "all bytes");
    await near.until(() => near.transport.bufferedBytes === 0 && near.drains >= expected, "the drain");
    await turns();
    assert.equal(near.drains, expected);
  },

  "keeps bytes back while the peer is paused, and brings all of them after it": async (near, far) => {
    near.start();
    far.start();
    far.pause();
    const chunk = pattern(FLOOD_BYTES / 32);
    for (let count = 0; count < 32; count++) near.write(chunk);
    await turns();
    const { bufferedBytes } = near.transport;
    assert.ok(bufferedBytes > 0, "bufferedBytes is 0 though the peer does not read");
    assert.equal(near.drains, 0, "onDrain came though the peer does not read");
    assert.ok(far.receivedBytes < FLOOD_BYTES, "everything arrived though the peer is paused");
    far.resume();
    await far.until(() => far.receivedBytes === FLOOD_BYTES, "all bytes");
    await near.until(() => near.drains > 0, "the drain");
    assert.equal(near.transport.bufferedBytes, 0);
    assert.equal(near.drains, 1);
    assert.ok(near.progresses > 0, "no onProgress while the bytes were taken");
  },

  "does nothing for a write of no bytes": async (near, far) => {
    near.start();
    far.start();
    near.write();
    near.write(pattern(0));
    assert.equal(near.transport.bufferedBytes, 0);
    near.write(pattern(1));
    await far.until(() => far.receivedBytes === 1, "the byte behind");
  },

  "ends one direction behind all that was written, and the other goes on": async (near, far) => {
    near.start();
    far.start();
    near.write(pattern(100_000));
    near.end();
    near.end();
    await far.until(() => far.ends === 1, "the end");
    assert.equal(far.receivedBytes, 100_000);
    assert.equal(far.closes, 0, "onClosed came though one direction is open");
    far.write(pattern(50_000));
    await near.until(() => near.receivedBytes === 50_000, "bytes after the end of the other direction");
    far.end();
    await Promise.all([near.closed(), far.closed()]);
    assert.deepEqual([near.ends, far.ends], [1, 1]);
    assert.deepEqual([near.error, far.error], [undefined, undefined]);
  },

  "closes later, once and without an error when it is destroyed": async (near, far) => {
    near.start();
    far.start();
    near.write(pattern(10));
    near.destroy();
    assert.equal(near.closes, 0, "onClosed came from inside destroy");
    near.destroy();
    await near.closed();
    assert.equal(near.error, undefined);
    await far.until(() => far.ends + far.closes > 0, "the end or the close");
    await turns();
    assert.equal(near.closes, 1);
  },

  "drops what waits to be written when it is destroyed": async (near, far) => {
    near.start();
    far.start();
    far.pause();
    const chunk = pattern(FLOOD_BYTES / 32);
    for (let count = 0; count < 32; count++) near.write(chunk);
    await turns();
    near.destroy();
    await near.closed();
    far.resume();
    await far.until(() => far.ends + far.closes > 0, "the end or the close");
    assert.ok(far.receivedBytes < FLOOD_BYTES);
    assert.equal(near.drains, 0);
  },

  "tells the close of a transport that was destroyed before it started": async (near) => {
    near.destroy();
    near.start();
    assert.equal(near.closes, 0, "onClosed came from inside start");
    await near.closed();
  },

  "closes in the end when it writes to a peer that is gone": async (near, far) => {
    near.start();
    far.start();
    far.destroy();
    await far.closed();
    while (near.closes === 0) {
      near.write(pattern(1000));
      await turns();
    }
    assert.equal(near.closes, 1);
  },

  "takes any call after its close, and tells nothing more": async (near, far) => {
    near.start();
    far.start();
    near.destroy();
    await near.closed();
    near.write(pattern(10));
    near.pause();
    near.resume();
    near.end();
    near.destroy();
    await turns();
    assert.equal(near.closes, 1);
    assert.equal(near.transport.bufferedBytes, 0);
  },
};

/** Lets the event loop go round, for what must not happen. */
async function turns(): Promise<void> {
  for (let count = 0; count < 20; count++) await new Promise((resolve) => takeTurn(resolve));
}

/** Bytes that differ from their neighbours, so that a loss or an exchange shows. */
function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = at * 31 + (at >>> 8);
  return bytes;
}

function assertSameBytes(actual: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  assert.ok(Buffer.concat(actual).equals(Buffer.concat(expected)), "the bytes that came differ from those written");
}
