// CPU of the server's process for a request: validated by the same schema, JSON both ways, from 64 clients that keep 16 requests in
// flight each. One load generator of raw WebSockets for every peer, so that what it costs is the same.
import { setTimeout as sleep } from "node:timers/promises";
import { readCpu, startLoad, startServer } from "../processes.mjs";

const CLIENTS = 64;
const IN_FLIGHT = 16;
const PEERS = ["hawser-gateway", "socketio"];
/** What ours may cost of Socket.IO's. */
const TARGET = 5 / 7.7;
const WARM_UP_MS = 2000;
/** A server whose main thread works less than this share of the time that it could have is not measured at its limit. */
const SATURATED = 0.9;

export async function run({ rounds, seconds, warmUpMs = WARM_UP_MS }) {
  const runs = Object.fromEntries(PEERS.map((peer) => [peer, []]));
  for (let round = 0; round < rounds; round++) {
    for (const peer of PEERS) runs[peer].push(await measure(peer, { seconds, warmUpMs }));
  }
  const peers = Object.fromEntries(PEERS.map((peer) => [peer, summarise(runs[peer])]));
  const ratio = peers["hawser-gateway"].cpuUsPerRequest / peers.socketio.cpuUsPerRequest;
  return {
    settings: { clients: CLIENTS, inFlight: IN_FLIGHT, rounds, seconds, load: "raw WebSockets, one process for all" },
    peers,
    ratio: round(ratio),
    target: round(TARGET),
    met: ratio <= TARGET,
    runs,
  };
}

export function print({ peers, ratio, target, met }) {
  console.table(peers);
  console.log(`hawser-gateway / socketio: ${ratio} (target: at most ${target}): ${met ? "met" : "NOT MET"}`);
}

async function measure(peer, { seconds, warmUpMs }) {
  const server = await startServer(peer, { mode: "requests" });
  try {
    const load = await startLoad("requests", [peer, server.port, CLIENTS, IN_FLIGHT]);
    try {
      await sleep(warmUpMs);
      const from = await take(server, load);
      await sleep(seconds * 1000);
      const to = await take(server, load);
      const requests = to.answered - from.answered;
      const ms = to.ms - from.ms;
      return {
        cpuUsPerRequest: round((to.cpu.us - from.cpu.us) / requests),
        requestsPerSecond: Math.round((requests / ms) * 1000),
        // on a busy host it also waits for a processor, which is not idleness
        serverBusy: round((to.cpu.ranMs - from.cpu.ranMs) / (ms - (to.cpu.waitedMs - from.cpu.waitedMs))),
        loadBusy: round((to.loadUs - from.loadUs) / 1000 / ms),
      };
    } finally {
      await load.stop();
    }
  } finally {
    await server.stop();
  }
}

async function take(server, load) {
  const { answered, cpu } = await load.ask();
  return { answered, loadUs: cpu.user + cpu.system, cpu: readCpu(server.pid), ms: performance.now() };
}

/** Medians; a server that was not saturated is said to be so. */
function summarise(runs) {
  const names = Object.keys(runs[0]);
  const medians = Object.fromEntries(names.map((name) => [name, median(runs.map((one) => one[name]))]));
  return { ...medians, saturated: medians.serverBusy >= SATURATED };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const round = (value) => Math.round(value * 1000) / 1000;
