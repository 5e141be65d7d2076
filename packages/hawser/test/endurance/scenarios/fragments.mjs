// REL-A13: messages of many fragments of one byte that never end, on many connections at once.
import { withProcesses } from "./process-pair.mjs";

/** What a message may hold beyond its bytes. */
const SPARE_BYTES = 65_536;
const OTHER_MEMORY_BYTES = 32 * 1024 * 1024;

export function runFragments({ connections, fragments }) {
  return withProcesses("./fragments-server.mjs", "./fragments-client.mjs", async (server, client) => {
    const port = await server.call("listen");
    await client.call("open", { port, connections });
    const before = await server.call("probe");
    await client.call("write", { fragments });
    await server.call("received", { bytes: connections * fragments });
    const held = await server.call("probe");
    await client.call("destroy");
    await server.call("allGone");
    const after = await server.call("probe");
    const result = {
      ledgerBytes: held.ledgerBytes,
      rssGrowthBytes: held.memory.rss - before.memory.rss,
      ledgerBytesAfter: after.ledgerBytes,
    };
    return { ...result, wrong: [...after.faults, ...judge(result, connections * (fragments + SPARE_BYTES))] };
  });
}

function judge({ ledgerBytes, rssGrowthBytes, ledgerBytesAfter }, bound) {
  const wrong = [];
  if (ledgerBytes > bound) wrong.push(`the ledger has ${ledgerBytes} bytes: at most ${bound} are needed`);
  if (rssGrowthBytes > bound + OTHER_MEMORY_BYTES) wrong.push(`memory grew by ${rssGrowthBytes} bytes`);
  if (ledgerBytesAfter !== 0) wrong.push(`${ledgerBytesAfter} bytes are left in the ledger`);
  return wrong;
}
