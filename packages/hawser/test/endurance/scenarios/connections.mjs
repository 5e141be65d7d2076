// Many connections are opened, used and ended in every way: is everything as before, in both processes?
import { isDeepStrictEqual } from "node:util";
import { setInterval as every } from "node:timers/promises";
import { withProcesses } from "./process-pair.mjs";

const WARM_UP = 100;
const SETTLE_MS = 30_000;
const WAVE_MS = 600_000;
/** Raw clients answer no ping, and on a slow machine a wave takes minutes: the heartbeat is on, and never lost. */
const SERVER_OPTIONS = {
  perMessageDeflate: true,
  heartbeat: { intervalMs: 600_000 },
  closeTimeoutMs: 3000,
  writeTimeoutMs: 3000,
  handshakeTimeoutMs: 3000,
};

/** `waves`: a list of numbers of connections. `onWave` is told of each, and may stop by returning false. */
export function runConnections({ waves, seed, onWave = () => true }) {
  return withProcesses("./connections-server.mjs", "./connections-client.mjs", async (server, client) => {
    const { port, badPort } = await server.call("listen", { ...SERVER_OPTIONS, seed });
    const take = async () => ({ server: await takeState(server), client: pickState(await client.call("probe")) });
    const wrong = [];
    // what is made when it is first needed is not a leak: compressors, the list of a resolver
    const warm = await client.call("run", { port, badPort, count: WARM_UP, seed: seed + 1_000_000 }, WAVE_MS);
    wrong.push(...warm.wrong);
    const start = await settle(take, undefined);
    const ends = {};
    let connections = 0;
    let mostOpen = 0;
    for (const [index, count] of waves.entries()) {
      const wave = await client.call("run", { port, badPort, count, seed: seed + index }, WAVE_MS);
      const after = await settle(take, start);
      connections += count;
      mostOpen = Math.max(mostOpen, wave.mostOpen);
      wrong.push(...wave.wrong);
      for (const [name, ended] of Object.entries(wave.ends)) ends[name] = (ends[name] ?? 0) + ended;
      if (!isDeepStrictEqual(after, start)) wrong.push(`wave ${index}: ${JSON.stringify({ start, after })}`);
      if (onWave({ index, connections }) === false) break;
    }
    const counts = await server.call("counts");
    const memory = { server: (await server.call("probe")).memory.rss, client: (await client.call("probe")).memory.rss };
    await server.call("close");
    const [last, clientLast] = [await server.call("probe"), await client.call("probe")];
    wrong.push(...counts.wrong, ...last.faults, ...clientLast.faults);
    return {
      connections,
      mostOpen,
      opened: counts.opened,
      closed: counts.closed,
      ends,
      serverEnds: counts.ends,
      start,
      wheelTimersAfterClose: last.wheelTimers,
      rssBytes: memory,
      wrong,
    };
  });
}

async function takeState(server) {
  const state = pickState(await server.call("probe"));
  const { notClosed, sockets, serviceSockets, broadcastReached, badPeers } = await server.call("counts");
  return { ...state, notClosed, sockets, serviceSockets, broadcastReached, badPeers };
}

function pickState({ files, wheelTimers, ledgerBytes, ledgerConnections, resources }) {
  return { files, wheelTimers, ledgerBytes, ledgerConnections, resources };
}

/** The state when it is as `wanted`, or when it has stopped to change; the last one after a time. */
async function settle(take, wanted) {
  const deadline = performance.now() + SETTLE_MS;
  let same = 0;
  let last = await take();
  for await (const _ of every(100)) {
    const next = await take();
    same = isDeepStrictEqual(next, last) ? same + 1 : 0;
    last = next;
    const enough = wanted === undefined ? same >= 30 : isDeepStrictEqual(next, wanted);
    if (enough || performance.now() > deadline) break;
  }
  return last;
}
