// What a connection costs that negotiated compression and used it once: ours, beside `ws`, each in a process of its own.
import { withProcesses } from "./process-pair.mjs";

const WARM_UP = 100;
const OPEN_MS = 600_000;

/** `kinds`: names from deflate-memory-server.mjs. Answers bytes of RSS for each connection, by kind. */
export async function runDeflateMemory({ connections, kinds, onKind = () => {} }) {
  const perConnection = {};
  const wrong = [];
  for (const kind of kinds) {
    const { bytes, faults } = await measureKind(kind, connections);
    perConnection[kind] = bytes;
    wrong.push(...faults.map((fault) => `${kind}: ${fault}`));
    onKind({ kind, bytes });
  }
  return { connections, perConnection, wrong };
}

function measureKind(kind, connections) {
  return withProcesses("./deflate-memory-server.mjs", "./deflate-memory-client.mjs", async (server, client) => {
    const deflate = !kind.endsWith("without");
    const { port } = await server.call("listen", { kind });
    // what is made when it is first needed, and by the optimizing compiler, belongs to no connection
    await client.call("open", { port, count: WARM_UP, deflate }, OPEN_MS);
    const before = await server.call("measure");
    await client.call("open", { port, count: connections, deflate }, OPEN_MS);
    const after = await server.call("measure");
    const { faults } = await server.call("probe");
    const opened = after.connections - before.connections;
    if (opened !== connections) faults.push(`${opened} connections are open, not ${connections}`);
    return { bytes: Math.round((after.rss - before.rss) / connections), faults };
  });
}
