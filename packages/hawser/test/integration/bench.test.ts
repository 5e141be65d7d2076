// The bench starts every server and gets answers from it. How fast they are is not for tests.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { io } from "socket.io-client";
import { afterEach, expect, it } from "vitest";
import { createClient } from "../../src/entries/client-node.js";

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

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** Settles with its port. */
async function startServer(peer: string): Promise<number> {
  const file = fileURLToPath(new URL(`../../../../bench/servers/${peer}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
  ends.push(() => child.kill("SIGKILL"));
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return Number(line.replace("listening on ", ""));
}

// The load speaks both protocols itself: the servers are those of the protocols' own clients.
it("answers the clients of both in the same way", { timeout: limitMs }, async () => {
  const order = { symbol: "LLG", side: "buy", volume: "100.0", price: "1989.1", type: 1 };

  const client = createClient(`ws://127.0.0.1:${await startServer("hawser-gateway")}/`, { login: { name: "demo" } });
  ends.push(() => client.disconnect());
  await client.connect();
  const ours = await client.request("addOrder", order);
  const ourRefusal = client.request("addOrder", { ...order, side: "hold" });
  await expect(ourRefusal).rejects.toMatchObject({ answer: { code: "INVALID_DATA" } });

  const socket = io(`http://127.0.0.1:${await startServer("socketio")}`, { transports: ["websocket"] });
  ends.push(() => socket.disconnect());
  const theirs: unknown = await socket.emitWithAck("addOrder", order);
  const theirRefusal: unknown = await socket.emitWithAck("addOrder", { ...order, side: "hold" });

  expect(theirs).toEqual({ status: 1, data: ours });
  expect(theirRefusal).toMatchObject({ status: 0, error: { code: "INVALID_DATA" } });
});
