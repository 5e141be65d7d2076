// The trading example is killed at every step of an order and at any moment in between, 200 times over SQLite and 200 times over
// PostgreSQL; kills at which all was done before their step came are not counted. After each kill the database is compared with
// what the client sent and was answered.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runKills } from "../../../../examples/test/kill/scenario.mjs";
import { postgresFolder, startPostgres } from "../../../../examples/test/support/postgres.mjs";

const KILLS = 200;
// as many as two rounds of all steps; each piece of this size has a database of its own
const PIECE = 22;

export async function run({ seed, minutes, resume, report }) {
  const until = performance.now() + minutes * 60_000;
  const state = resume ?? { sqlite: {}, postgres: {} };
  const failures = [];
  const counts = () => Object.fromEntries(Object.entries(state).flatMap(([name, sums]) => prefix(name, sums)));

  if (postgresFolder === undefined) failures.push("postgres is missing");
  const server = postgresFolder === undefined ? undefined : await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), "hawser-kill-"));
  const places = {
    sqlite: async () => ({ file: join(folder, `${killsOf("sqlite")}.db`) }),
    ...(server && { postgres: async () => ({ url: await server.createDatabase() }) }),
  };
  const killsOf = (name) => (state[name].kills ?? 0) - (state[name].withoutItsStep ?? 0);

  try {
    while (failures.length === 0 && performance.now() < until) {
      // the one that is behind
      const [name] = Object.keys(places).sort((a, b) => killsOf(a) - killsOf(b));
      const kills = Math.min(PIECE, KILLS - killsOf(name));
      if (kills <= 0) break;
      const pieceSeed = seed + killsOf(name) * 2 + Object.keys(places).indexOf(name);
      const { counts: added, wrong } = await runKills({ place: await places[name](), kills, seed: pieceSeed });
      failures.push(...wrong.map((what) => `${name}, seed ${pieceSeed}: ${what}`));
      for (const [what, count] of Object.entries(added)) state[name][what] = (state[name][what] ?? 0) + count;
      report({ counts: counts(), state });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await server?.stop();
  }
  return { counts: counts(), state, failures };
}

const prefix = (name, sums) => Object.entries(sums).map(([what, count]) => [`${name}, ${what}`, count]);
