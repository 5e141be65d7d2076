// What an idle session costs that is logged in: a gateway with the default options, beside bare connections of ours and of `ws`, each in
// a process of its own.
import { withProcesses } from "./process-pair.mjs";

/** Tables grow by doubling, so that the first ones say little: what is measured is the slope behind these. */
const FIRST_SHARE = 0.2;
const OPEN_MS = 600_000;

/** `kinds`: names from gateway-memory-server.mjs. Answers bytes for each, by kind: of RSS and of the heap. */
export async function runGatewayMemory({ sessions, kinds, snapshot, onKind = () => {} }) {
  const each = {};
  const wrong = [];
  for (const kind of kinds) {
    const { faults, ...bytes } = await measureKind(kind, sessions, snapshot);
    each[kind] = bytes;
    wrong.push(...faults.map((fault) => `${kind}: ${fault}`));
    onKind({ kind, bytes });
  }
  return { sessions, each, wrong };
}

function measureKind(kind, sessions, snapshot) {
  return withProcesses("./gateway-memory-server.mjs", "./gateway-memory-client.mjs", async (server, client) => {
    const { port } = await server.call("listen", { kind });
    const empty = await server.call("measure");
    const login = kind.endsWith("sessions");
    await client.call("open", { port, count: Math.ceil(sessions * FIRST_SHARE), login }, OPEN_MS);
    const before = await server.call("measure");
    await client.call("open", { port, count: sessions, login }, OPEN_MS);
    const after = await server.call("measure");
    if (snapshot !== undefined) await server.call("snapshot", { file: snapshot }, OPEN_MS);
    const { faults } = await server.call("probe");
    const opened = after.count - before.count;
    if (opened !== sessions) faults.push(`${opened} are there, not ${sessions}`);
    const lost = await client.call("lost");
    if (lost > 0) faults.push(`${lost} connections were lost`);
    const slope = (name) => Math.round((after[name] - before[name]) / sessions);
    return {
      rssBytes: slope("rss"),
      heapBytes: slope("heap"),
      externalBytes: slope("external"),
      // with all that a server makes for its first connections, and the collector's own spaces
      rssBytesFromEmpty: Math.round((after.rss - empty.rss) / (after.count - empty.count)),
      faults,
    };
  });
}
