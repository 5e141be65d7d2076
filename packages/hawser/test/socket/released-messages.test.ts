import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { createZlibDeflate, ZlibPool } from "../../src/node/index.js";
import { encodeMessage } from "../../src/socket/index.js";
import { openBoth } from "../support/socket-fixture.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** How many are still referred to, after all turns and collections that it may take. */
async function countHeld(references: readonly WeakRef<object>[]): Promise<number> {
  for (let round = 0; round < 20; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    if (references.every((reference) => reference.deref() === undefined)) return 0;
  }
  return references.filter((reference) => reference.deref() !== undefined).length;
}

it.each([
  ["not compressed", null],
  ["compressed on zlib's handles", { handles: true, takeover: false }],
  ["compressed on zlib's handles, window kept", { handles: true, takeover: true }],
  ["compressed on documented streams, window kept", { handles: false, takeover: true }],
])("REL-C13 keeps nothing of a message that was sent and received: %s", async (_how, how) => {
  const port = createZlibDeflate({ pool: new ZlibPool({ handles: how?.handles ?? true }) });
  const deflate = how === null ? {} : { deflate: { port, takeover: how.takeover } };
  const references: WeakRef<object>[] = [];
  const kept: unknown[] = [];
  const { server, client, bench } = openBoth({
    server: { ...deflate, options: { maxMessageBytes: 2_000_000 } },
    client: {
      ...deflate,
      options: { maxMessageBytes: 2_000_000 },
      handlers: { message: (_s, data) => void references.push(new WeakRef(data as Uint8Array)) },
    },
  });
  const send = async (bytes: number): Promise<void> => {
    const data = new Uint8Array(bytes).fill(7);
    references.push(new WeakRef(data));
    await server.send(data);
    const shared = encodeMessage(data, bench);
    references.push(new WeakRef(shared));
    server.postEncoded(shared);
    await server.drained();
    if (bytes === 0) kept.push(data);
  };
  for (const bytes of [100, 5000, 300_000, 1_000_000, 0]) await send(bytes);
  while (references.length < 20) await bench.clock.advance(1);

  // what the test keeps is seen to be held
  expect(await countHeld(references)).toBe(1);
  expect(kept.length).toBe(1);
  server.abort();
  client.abort();
});
