// The bench starts every server and gets answers from it. How fast they are is not for tests.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const scenario = new URL("../../../../bench/scenarios/requests.mjs", import.meta.url).href;

interface Result {
  readonly peers: Readonly<Record<string, { readonly cpuUsPerRequest: number; readonly requestsPerSecond: number }>>;
}

const limitMs = 120_000 * Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

/** Processor time is read as Linux tells it. */
const isLinux = process.platform === "linux";

it.skipIf(!isLinux)("measures requests of the gateway and of Socket.IO", { timeout: limitMs }, async () => {
  const program = `
    import { run } from ${JSON.stringify(scenario)};
    console.log(JSON.stringify(await run({ rounds: 1, seconds: 1, warmUpMs: 1 })));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  const { peers } = JSON.parse(stdout) as Result;

  expect(Object.keys(peers)).toEqual(["hawser-gateway", "socketio"]);
  expect(Object.values(peers).filter(({ requestsPerSecond }) => !(requestsPerSecond > 0))).toEqual([]);
});
