// A server goes down under many clients and comes back: do they all come back, and not all at once?
import { setTimeout as sleep } from "node:timers/promises";
import { startProcess } from "./process-pair.mjs";

const CLIENT_PROCESSES = 2;
const OPEN_MS = 300_000;

/**
 * `backLimitMs`: how long they may take to come back. `maxAttemptsPerSecond`: counted from the server's return; without it
 * the times, which depend on the machine, are told and not judged.
 */
export async function runClientStorm({ clients, downMs, openingsPerSecond, backLimitMs, maxAttemptsPerSecond }) {
  const processes = Array.from({ length: CLIENT_PROCESSES }, () => startProcess("./client-storm-clients.mjs"));
  const each = Math.ceil(clients / CLIENT_PROCESSES);
  let server = startProcess("./client-storm-server.mjs");
  try {
    const { port } = await server.call("listen", { port: 0 });
    const open = (client, index) => client.call("open", { port, first: index * each, count: each }, OPEN_MS);
    await Promise.all(processes.map(open));
    await Promise.all(processes.map((client) => client.call("forget")));
    await server.stop();
    await sleep(downMs);
    const downAttempts = (await readStates(processes)).reduce((sum, state) => sum + state.attemptsMs.length, 0);
    await Promise.all(processes.map((client) => client.call("forget")));
    server = startProcess("./client-storm-server.mjs");
    const { listeningMs } = await server.call("listen", { port, openingsPerSecond });
    const back = await waitForAll(processes, each * CLIENT_PROCESSES, listeningMs + backLimitMs);
    const { sessions } = await server.call("counts");
    const result = sum(back, listeningMs);
    const wrong = judge(result, { clients: each * CLIENT_PROCESSES, sessions, maxAttemptsPerSecond });
    await Promise.all(processes.map((client) => client.call("close")));
    for (const client of processes) wrong.push(...(await client.call("probe")).faults);
    wrong.push(...(await server.call("probe")).faults);
    return { ...result, downAttempts, wrong };
  } finally {
    await Promise.all([...processes, server].map((process) => process.stop()));
  }
}

const readStates = (processes) => Promise.all(processes.map((client) => client.call("state")));

async function waitForAll(processes, clients, untilMs) {
  for (;;) {
    const states = await readStates(processes);
    const open = states.reduce((sum, state) => sum + state.open, 0);
    if (open === clients || performance.timeOrigin + performance.now() > untilMs) return states;
    await sleep(100);
  }
}

function sum(states, returnedMs) {
  const attemptsMs = states
    .flatMap((state) => state.attemptsMs)
    .filter((time) => time >= returnedMs)
    .toSorted((a, b) => a - b);
  const total = (name) => states.reduce((sum, state) => sum + state[name], 0);
  const opens = states.flatMap((state) => state.opens);
  return {
    open: total("open"),
    openedTwice: opens.filter((count) => count > 1).length,
    attempts: attemptsMs.length,
    mostAttemptsPerSecond: countMostPerSecond(attemptsMs),
    refused: total("refused"),
    tooSoon: total("tooSoon"),
    lastAttemptAfterMs: Math.round((attemptsMs.at(-1) ?? returnedMs) - returnedMs),
  };
}

/** The most in any second, wherever it begins. */
function countMostPerSecond(timesMs) {
  let most = 0;
  let first = 0;
  timesMs.forEach((time, index) => {
    while (timesMs[first] <= time - 1000) first++;
    most = Math.max(most, index - first + 1);
  });
  return most;
}

function judge(result, { clients, sessions, maxAttemptsPerSecond = Infinity }) {
  const wrong = [];
  if (result.open !== clients) wrong.push(`${clients - result.open} of ${clients} clients are not back`);
  if (sessions !== clients) wrong.push(`the server has ${sessions} sessions of ${clients} clients`);
  if (result.openedTwice > 0) wrong.push(`${result.openedTwice} clients opened twice`);
  if (result.tooSoon > 0) wrong.push(`${result.tooSoon} attempts came before the time of a Retry-After`);
  if (result.mostAttemptsPerSecond > maxAttemptsPerSecond) {
    wrong.push(`${result.mostAttemptsPerSecond} attempts in a second`);
  }
  return wrong;
}
