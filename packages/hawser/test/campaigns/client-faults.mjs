// Clients and servers with faults between them, round after round: each round has every fault with every server and connector,
// once to come back and once to be told to stay away, at other moments than the rounds before.
import { WebSocket } from "ws";
import {
  createOurServer,
  createWsServer,
  faults,
  runFault,
  serverCertificate,
  tlsFaults,
} from "../client/fault-lab.mjs";

const SIDE_BY_SIDE = 24;
const LIMIT_MS = 60_000;

const servers = [createOurServer, createWsServer];
const connectors = ["node", WebSocket];

export async function run({ seed, minutes, resume, report }) {
  const counts = { rounds: 0, runs: 0, attempts: 0, settledPromises: 0, ...resume };
  const failures = [];
  const onUncaught = (error) => failures.push(`uncaught: ${error?.stack ?? error}`);
  process.on("uncaughtException", onUncaught).on("unhandledRejection", onUncaught);
  const until = performance.now() + minutes * 60_000;
  while (performance.now() < until && failures.length === 0) {
    const waiting = listRuns(seed + counts.rounds * 1000);
    const work = async () => {
      for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
        const result = await runFault({ ...row, limitMs: LIMIT_MS });
        counts.runs++;
        counts.attempts += result.attempts;
        counts.settledPromises += result.settled;
        failures.push(...result.wrong.map((wrong) => `${describe(row)}: ${wrong}`));
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
    counts.rounds++;
    report({ counts, state: counts });
  }
  process.off("uncaughtException", onUncaught).off("unhandledRejection", onUncaught);
  return { counts, state: counts, failures };
}

function listRuns(seed) {
  const rows = [];
  for (const createServer of servers) {
    for (const connector of connectors) {
      for (const fault of faults.filter((one) => connector === "node" || !tlsFaults.has(one))) {
        for (const disconnects of [false, true]) {
          const server = createServer(tlsFaults.has(fault) ? serverCertificate : undefined);
          rows.push({ fault, server, connector, disconnects, seed: seed + rows.length });
        }
      }
    }
  }
  return rows;
}

function describe({ fault, server, connector, disconnects, seed }) {
  const by = connector === "node" ? "connect" : "the WebSocket of ws";
  return `seed ${seed}, ${fault}, ${server.name} by ${by}${disconnects ? ", disconnected" : ""}`;
}
