// Rounds of a minute, each with 2,000 slow handshakes, 10,000 connections that say nothing, 1,000 bomb senders and 1,000
// fragment dribblers, and with some of the other attacks in numbers that the seed chooses, against one server in 512 MiB.
// Between rounds, and at the end, it has to be as it was before. Beside it, a server of 256 descriptors is overrun.
import { createSeededRandom } from "hawser/testing";
import { openLab, runLab } from "../attacks/scenarios/lab.mjs";
import { chooseSides, createMainMix, readScale } from "../attacks/scenarios/mixes.mjs";

const ROUND_SECONDS = 60;
const SIDES = 5;
const ECHO_LIMIT_MS = 60_000;
const MIB = 1024 * 1024;

export async function run({ seed, minutes, resume, report }) {
  const until = performance.now() + minutes * 60_000;
  const state = resume ?? { rounds: 0, attempts: {}, endings: {}, newcomers: 0, admitted: 0, echoes: 0 };
  const failures = [];
  const scale = readScale();
  const overrun = await overrunDescriptors(seed + state.rounds);
  failures.push(...overrun.wrong.map((text) => `descriptors, seed ${seed}, round ${state.rounds}: ${text}`));
  const echoesBefore = state.echoes;
  const lab = await openLab({ seed: seed + state.rounds, canaries: 8, echoLimitMs: ECHO_LIMIT_MS });
  try {
    do {
      const sides = chooseSides(createSeededRandom(seed + state.rounds), SIDES);
      const minSeconds = Math.max(20, Math.min(ROUND_SECONDS, (until - performance.now()) / 1000));
      const seconds = minSeconds + ROUND_SECONDS;
      const round = await lab.attack({ seconds, minSeconds, attacks: [...createMainMix(scale), ...sides] });
      failures.push(...round.wrong.map((text) => `seed ${seed}, round ${state.rounds}: ${text}`));
      add(state, round);
      report({ counts: flatten(state), state });
    } while (performance.now() < until && failures.length === 0);
  } finally {
    const end = await lab.close();
    failures.push(...end.wrong.map((text) => `seed ${seed}, by round ${state.rounds}: ${text}`));
    state.echoes = echoesBefore + end.echoes.echoes;
    state.last = summarize(end, { overrun, scale });
  }
  return { counts: flatten(state), state, failures };
}

/** A server that may have 256 descriptors, and no limit of its own before them. */
function overrunDescriptors(seed) {
  return runLab({
    seed,
    seconds: 20,
    canaries: 3,
    echoLimitMs: ECHO_LIMIT_MS,
    setUp: "ulimit -n 256",
    options: { maxConnections: "Infinity" },
    attacks: [
      { kind: "silent", count: 500, expect: ["end before an answer"] },
      { kind: "churn", count: 20 },
    ],
  });
}

function add(state, { attacks, newcomers }) {
  state.rounds++;
  state.newcomers += newcomers.tried;
  state.admitted += newcomers.admitted;
  for (const [kind, { begun, endings }] of Object.entries(attacks)) {
    state.attempts[kind] = (state.attempts[kind] ?? 0) + begun;
    for (const [ending, times] of Object.entries(endings)) {
      const name = `${kind}: ${ending}`;
      state.endings[name] = (state.endings[name] ?? 0) + times;
    }
  }
}

function summarize({ echoes, memory, peak, server }, { overrun, scale }) {
  const mib = (bytes) => (bytes === undefined ? undefined : Math.round(bytes / MIB));
  return {
    "last piece: part of the numbers that descriptors allow": scale,
    "last piece: memory bounded by": memory.bound,
    "last piece: memory bound in MiB": mib(memory.maxBytes),
    "last piece: most memory in MiB, by the group": mib(memory.peakBytes),
    "last piece: most resident memory in MiB": mib(memory.hwmBytes),
    "last piece: times the bound was met": memory.hits,
    "last piece: killed for want of memory": memory.oomKills,
    "last piece: most connections at once": peak.files,
    "last piece: most WebSockets at once": peak.sockets,
    "last piece: most bytes in the ledger": peak.ledgerBytes,
    "last piece: echoes to canaries": echoes.echoes,
    "last piece: echo p50 in ms": echoes.p50Ms,
    "last piece: echo p99 in ms": echoes.p99Ms,
    "last piece: longest echo in ms": echoes.maxMs,
    ...prefix("last piece, WebSockets ended by ", server?.closes),
    "256 descriptors: connections tried": overrun.attacks.silent?.begun,
    "256 descriptors: echoes to canaries": overrun.echoes.echoes,
    "256 descriptors: longest echo in ms": overrun.echoes.maxMs,
  };
}

function flatten({ rounds, attempts, endings, newcomers, admitted, echoes, last = {} }) {
  return {
    rounds,
    "canaries' echoes": echoes,
    "new clients that came in the middle of it": newcomers,
    "new clients that were let in": admitted,
    ...prefix("connections of ", attempts),
    ...prefix("ended, ", endings),
    ...last,
  };
}

function prefix(text, counts = {}) {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [text + name, count]));
}
