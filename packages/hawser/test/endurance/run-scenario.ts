import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const factor = Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

/** How long one scenario may take. */
export const SCENARIO_LIMIT_MS: number = 120_000 * factor;

const script = fileURLToPath(new URL("run.mjs", import.meta.url));

/** What is wrong in a scenario's result; nothing, if all is well. */
export interface ScenarioResult {
  readonly wrong: readonly string[];
}

/** Runs a scenario in processes of its own, from the built package. */
export async function runScenario<Result extends ScenarioResult>(name: string, options: object): Promise<Result> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, name, JSON.stringify(options)], {
    timeout: SCENARIO_LIMIT_MS,
    maxBuffer: 16 * 1024 * 1024,
  });
  return JSON.parse(stdout) as Result;
}
