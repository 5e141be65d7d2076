import { expect, it } from "vitest";
import { type BusyClient, startBusyClients } from "./support/busy-clients.js";
import { openClient } from "./support/client.js";
import { startServing } from "./support/program.js";

interface CloseLine {
  readonly level: number;
  readonly path?: string;
  readonly clean?: boolean;
  readonly messagesSent?: number;
}

/** What each connection of a path was sent, as the program's log tells it. */
function listSent(lines: readonly CloseLine[], path: string): readonly number[] {
  const closes = lines.filter((line) => line.path === path && line.clean === true);
  return closes.map((line) => line.messagesSent ?? -1).sort((a, b) => a - b);
}

function listReceived(clients: readonly BusyClient[]): readonly number[] {
  return clients.map(({ received }) => received).sort((a, b) => a - b);
}

/** A thousand clients share the machine with whatever else runs. */
const LIMIT_MS = 90_000 * Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

it(
  "tells 1001 to 1,000 busy connections on SIGTERM, loses nothing and ends with 0 (REL-G2)",
  async () => {
    const { program, wsUrl } = await startServing("--log-level", "debug");
    const echo = startBusyClients(`${wsUrl}/echo`, { count: 980, inFlight: 2, pauseMs: 200 });
    await echo.open;
    const chat = startBusyClients(`${wsUrl}/chat`, { count: 20, inFlight: 1, pauseMs: 100 });
    await chat.open;

    program.kill("SIGTERM");

    const { code, signal, stderr } = await program.ended;
    expect([code, signal]).toEqual([0, null]);
    const [echoes, talkers] = await Promise.all([echo.over, chat.over]);
    const ends = [...echoes, ...talkers].map((client) => JSON.stringify([client.code, client.faults]));
    expect(new Set(ends)).toEqual(new Set(["[1001,[]]"]));
    const lines = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as CloseLine); // pino's
    expect(listSent(lines, "/echo")).toEqual(listReceived(echoes));
    expect(listSent(lines, "/chat")).toEqual(listReceived(talkers));
    // errors; a busy machine may well stand still for a moment, which is a warning
    expect(lines.filter(({ level }) => level > 40)).toEqual([]);
  },
  LIMIT_MS,
);

it("is not ready while it drains, and lets in those who come nevertheless", async () => {
  const { program, url, wsUrl } = await startServing("--drain-delay-ms", "1500");
  const readiness = async (): Promise<unknown> => {
    const answer = await fetch(`${url}/readyz`);
    return [answer.status, await answer.json()];
  };
  expect(await readiness()).toEqual([200, { ready: true }]);
  program.kill("SIGTERM");
  await program.waitFor("stderr", /not ready any more/);
  expect(await readiness()).toEqual([503, { ready: false, reason: "the server is closing" }]);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const late = await openClient(`${wsUrl}/echo`);
  late.ws.send("late");
  expect(await late.receive()).toBe("late");
  expect(await late.closed).toEqual([1001, ""]);
  expect(await program.ended).toMatchObject({ code: 0, signal: null });
});

it("ends at once on a second signal in the delay (REL-G3)", async () => {
  const { program } = await startServing("--drain-delay-ms", "600000");
  program.kill("SIGTERM");
  await program.waitFor("stderr", /not ready any more/);
  program.kill("SIGINT");
  expect(await program.ended).toMatchObject({ code: 130 });
});
