import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { postgresFolder, startPostgres } from "../support/postgres.mjs";

const scenario = fileURLToPath(new URL("scenario.mjs", import.meta.url));
const factor = Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

// every kill is the life of a process, with its start and a login
const timeout = 400_000 * factor;

interface Outcome {
  readonly counts: Readonly<
    Record<"kills" | "orders" | "acknowledged" | "unansweredButStored" | "repeated" | "deals", number>
  >;
  readonly wrong: readonly string[];
}

async function runKills(settings: object): Promise<Outcome> {
  const { stdout } = await promisify(execFile)(process.execPath, [scenario, JSON.stringify(settings)]);
  return JSON.parse(stdout) as Outcome; // as the scenario prints it
}

it(
  "loses and doubles no order when it is killed 20 times, at every step of one, over SQLite",
  { timeout },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "hawser-kill-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { counts, wrong } = await runKills({ place: { file: join(folder, "trading.db") }, kills: 20, seed: 1 });

    expect(wrong).toEqual([]);
    expect(counts.kills).toBe(20);
    expect(counts.acknowledged).toBe(counts.orders);
    expect(counts.deals).toBe(counts.orders);
    // those are what it is about: stored, and the client did not hear of it
    expect(counts.unansweredButStored).toBeGreaterThan(0);
  },
);

it.skipIf(postgresFolder === undefined)(
  "loses and doubles no order when it is killed at every step of one, over PostgreSQL",
  { timeout },
  async () => {
    const server = await startPostgres();
    onTestFinished(() => server.stop());
    const { counts, wrong } = await runKills({ place: { url: await server.createDatabase() }, kills: 11, seed: 2 });

    expect(wrong).toEqual([]);
    expect([counts.kills, counts.acknowledged, counts.deals]).toEqual([11, counts.orders, counts.orders]);
    expect(counts.unansweredButStored).toBeGreaterThan(0);
  },
);
