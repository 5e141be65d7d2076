// Waves of 10,000 connections that are opened, used and ended in every way, some of them badly; behind each wave both
// processes have to be as they were before the first.
import { runConnections } from "../endurance/scenarios/connections.mjs";

const WAVE = 10_000;
const MAX_WAVES = 100;

export async function run({ seed, minutes, resume, report }) {
  const before = resume ?? { waves: 0, connections: 0, opened: 0, closed: 0 };
  const until = performance.now() + minutes * 60_000;
  const sum = (waves, result) => ({
    waves: before.waves + waves,
    connections: before.connections + result.connections,
    opened: before.opened + result.opened,
    closed: before.closed + result.closed,
  });
  let waves = 0;
  const result = await runConnections({
    waves: Array.from({ length: MAX_WAVES }, () => WAVE),
    seed: seed + before.waves,
    onWave: ({ connections }) => {
      waves++;
      report({ counts: { waves: before.waves + waves, connections: before.connections + connections } });
      return performance.now() < until;
    },
  });
  const state = sum(waves, result);
  const counts = {
    ...state,
    mostOpenAtOnce: result.mostOpen,
    filesBeforeAndAfter: result.start.server.files,
    serverRssMib: Math.round(result.rssBytes.server / 2 ** 20),
    clientRssMib: Math.round(result.rssBytes.client / 2 ** 20),
    ...prefix("ended by: ", result.ends),
    ...prefix("the server's report: ", nameCodes(result.serverEnds)),
  };
  return { counts, state, failures: result.wrong };
}

function prefix(text, counts) {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [text + name, count]));
}

/** The codes that clients chose at random are one. */
function nameCodes(ends) {
  const named = {};
  for (const [code, count] of Object.entries(ends)) {
    const name = code >= 3000 && code < 4000 ? "3000 to 3999" : code;
    named[name] = (named[name] ?? 0) + count;
  }
  return named;
}
