// The attack lab: a server in a cage of memory, attackers in processes of their own, and canaries that must not notice.
import { setTimeout as wait, setInterval as every } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { startProcess } from "../../endurance/scenarios/process-pair.mjs";
import { createCage, countFiles, readResident } from "./memory-cage.mjs";

const MIB = 1024 * 1024;
const SAMPLE_MS = 500;
/** Long: on a busy machine many connections wait to be accepted when their attackers have gone already. */
const SETTLE_MS = 120_000;
const CALL_MS = 180_000;
/** Less than a handshake may take. */
const CROWD_MS = 9000;
/** What the heap may keep of an attack: code that was compiled meanwhile, and pools. */
const HEAP_SPARE_BYTES = 24 * MIB;

const local = (script) => new URL(script, import.meta.url).href;

/**
 * Runs `attacks`, each `{ kind, count, expect, first }`, against one server for `seconds`, and judges it. `expect`: how the server
 * must have ended at least one of them. `closes`: the reports that the server must have made; `mostReceivedBytes`: what its
 * handlers may have been given. `minSeconds`: it ends as soon as so much time is over and all that is expected has happened.
 * `setUp`: a line of shell for the server's process. Whatever goes wrong is a line of `wrong`.
 */
export async function runLab({ seconds, minSeconds, attacks, closes, mostReceivedBytes, ...setup }) {
  const lab = await openLab(setup);
  const round = await lab.attack({ seconds, minSeconds, attacks, closes, mostReceivedBytes });
  const end = await lab.close();
  return { ...round, ...end, wrong: [...round.wrong, ...end.wrong] };
}

/** Opens a lab for several rounds of attacks. */
export async function openLab({
  seed,
  options = {},
  cageMiB = 512,
  canaries = 4,
  echoLimitMs = 10_000,
  processes = 2,
  setUp,
}) {
  const cage = createCage(cageMiB * MIB);
  const lines = [cage.setUp, setUp].filter((line) => line !== undefined);
  const victim = startProcess(local("./victim.mjs"), lines.length === 0 ? {} : { setUp: lines.join(" && ") });
  const canary = startProcess(local("./canary.mjs"));
  const attackers = Array.from({ length: processes }, () => startProcess(local("./attacker.mjs")));
  const processesOfLab = [victim, canary, ...attackers];
  const peak = { rssBytes: 0, files: 0, ledgerBytes: 0, sockets: 0 };
  const { port, empty, quiet } = await begin().catch(async (error) => {
    await stop();
    throw error;
  });

  async function begin() {
    const listening = await victim.call("listen", { options: { ...tellBound(cage), ...options } });
    const before = await takeState(victim);
    await canary.call("start", { port: listening, count: canaries, limitMs: echoLimitMs, seed });
    return { port: listening, empty: before, quiet: await takeState(victim) };
  }

  async function stop() {
    await Promise.all(processesOfLab.map((child) => child.stop()));
    const memory = cage.read();
    await removeCage(cage);
    return memory;
  }

  return {
    attack: (round) => attack({ ...round, seed, port, victim, canary, attackers, peak, quiet }),
    async close() {
      const wrong = [];
      const failed = (error) => void wrong.push(error.message);
      const { wrong: lost = [], ...echoes } = (await canary.call("stop", {}, CALL_MS).catch(failed)) ?? {};
      wrong.push(...lost);
      const end = await settle(victim, empty).catch(failed);
      if (end !== undefined) wrong.push(...compare("at the end", empty, end), ...end.faults);
      const counts = await victim.call("counts").catch(failed);
      const { hwmBytes } = readResident(victim.pid);
      await victim.call("close").catch(failed);
      const memory = { bound: cage.kind, maxBytes: cage.maxBytes, hwmBytes, ...(await stop()) };
      wrong.push(...judgeMemory(memory));
      return { echoes, memory, peak, server: counts, wrong: [...new Set(wrong)] };
    },
  };
}

async function attack({ seconds, attacks, closes = [], seed, ...lab }) {
  const { mostReceivedBytes = Infinity, minSeconds = seconds } = lab;
  const { port, victim, canary, attackers, peak, quiet } = lab;
  const wrong = [];
  const newcomers = { tried: 0, admitted: 0, maxMs: 0 };
  const places = share(attacks, attackers.length);
  const counts = {};
  const times = {};
  const lap = (name, since) => (times[name] = Math.round(performance.now() - since));
  try {
    let since = performance.now();
    let wanted = 0;
    for (const [index, { kind, count, first = false }] of attacks.entries()) {
      if (!first && wanted > 0) {
        peak.files = Math.max(peak.files, await waitForFiles(victim.pid, wanted));
        wanted = 0;
      }
      await attackers[places[index]].call("start", { kind, count, port, seed: seed + index });
      if (first) wanted += count;
    }
    lap("startMs", since);
    const readCounts = async () => {
      for (const attacker of attackers) Object.assign(counts, await attacker.call("counts"));
    };
    const isEnough = async () => {
      await readCounts();
      const server = await victim.call("counts");
      return [...judgeAll(attacks, counts), ...judgeCloses(closes, server)].length === 0;
    };
    await sampleFor({ seconds, minSeconds, isEnough }, { victim, canary, port, peak, newcomers });
    since = performance.now();
    await readCounts();
    await Promise.all(attackers.map((attacker) => attacker.call("stop", {}, CALL_MS)));
    const after = await settle(victim, quiet);
    lap("endMs", since);
    wrong.push(...compare("behind the attack", quiet, after), ...after.faults);
    if (!(await isLetIn(canary, port))) wrong.push("behind the attack nobody new is let in");
    const server = await victim.call("counts");
    wrong.push(...judgeCloses(closes, server));
    if (server.receivedBytes > mostReceivedBytes) wrong.push(`messages of ${server.receivedBytes} bytes were received`);
    wrong.push(...(await canary.call("counts")).wrong);
  } catch (error) {
    wrong.push(error.message);
  }
  wrong.push(...judgeAll(attacks, counts));
  return { attacks: counts, newcomers, times, wrong };
}

/** Where the system does not bound the server's memory, nobody but its options can tell it what the bound is. */
function tellBound({ setUp, maxBytes }) {
  return setUp === undefined ? { maxMemoryBytes: Math.floor(0.6 * maxBytes) } : {};
}

/** Which attacker's process runs which attack: about the same number of connections each. */
function share(attacks, processes) {
  const loads = Array.from({ length: processes }, () => 0);
  return attacks.map(({ count }) => {
    const least = loads.indexOf(Math.min(...loads));
    loads[least] += count;
    return least;
  });
}

/** Those that say nothing come first, or the others would leave the server no time to accept them all in theirs. */
async function waitForFiles(pid, wanted) {
  const deadline = performance.now() + CROWD_MS;
  let files = countFiles(pid);
  while (files < wanted && performance.now() < deadline) {
    await wait(50);
    files = countFiles(pid);
  }
  return files;
}

async function sampleFor({ seconds, minSeconds, isEnough }, { victim, canary, port, peak, newcomers }) {
  const started = performance.now();
  const until = started + seconds * 1000;
  const isOver = async () => performance.now() >= started + minSeconds * 1000 && (await isEnough());
  let trying;
  while (performance.now() < until && !(await isOver())) {
    await wait(Math.min(SAMPLE_MS, Math.max(1, until - performance.now())));
    const { rssBytes = 0 } = readResident(victim.pid);
    const last = { rssBytes, files: countFiles(victim.pid), ...(await victim.call("sample", {}, CALL_MS)) };
    for (const name of Object.keys(peak)) peak[name] = Math.max(peak[name], last[name]);
    trying ??= canary.call("tryNew", { port }, CALL_MS).then(({ ms }) => {
      trying = undefined;
      newcomers.tried++;
      if (ms === undefined) return;
      newcomers.admitted++;
      newcomers.maxMs = Math.max(newcomers.maxMs, Math.round(ms));
    });
  }
  await trying;
}

async function takeState(victim) {
  const { files, wheelTimers, ledgerBytes, ledgerConnections, resources, faults, memory } = await victim.call("probe");
  const { sockets } = await victim.call("counts");
  const tcp = resources.TCPSocketWrap ?? 0;
  return { held: { files, wheelTimers, ledgerBytes, ledgerConnections, sockets, tcp }, faults, memory };
}

/** The state as soon as what is held is as `wanted`; the last one after a time. */
async function settle(victim, wanted) {
  const deadline = performance.now() + SETTLE_MS;
  for await (const _ of every(100)) {
    const isLate = performance.now() > deadline;
    const state = await takeState(victim).catch((error) => {
      // as long as there is no descriptor left, it cannot even be counted
      if (isLate || !victim.isRunning) throw error;
    });
    if (state !== undefined && (isLate || isDeepStrictEqual(state.held, wanted.held))) return state;
  }
}

/** Whether somebody new is let in, at once or a little later: what ran short comes back by and by. */
async function isLetIn(canary, port) {
  const deadline = performance.now() + SETTLE_MS;
  for await (const _ of every(200)) {
    const { ms } = await canary.call("tryNew", { port }, CALL_MS);
    if (ms !== undefined) return true;
    if (performance.now() > deadline) return false;
  }
}

function compare(when, before, after) {
  const wrong = [];
  for (const [name, value] of Object.entries(before.held)) {
    if (after.held[name] !== value) wrong.push(`${when}: ${name} is ${after.held[name]}, not ${value}`);
  }
  const grown = after.memory.heapUsed - before.memory.heapUsed;
  if (grown > HEAP_SPARE_BYTES) wrong.push(`${when}: the heap has ${grown} bytes more`);
  return wrong;
}

function judgeCloses(closes, server) {
  return closes.filter((code) => server.closes[code] === undefined).map((code) => `no connection ended with ${code}`);
}

function judgeAll(attacks, counts) {
  return attacks.flatMap(({ kind, expect = [] }) => judgeKind(kind, expect, counts[kind]));
}

function judgeKind(kind, expected, counts) {
  if (counts === undefined) return [`${kind}: nothing is known of it`];
  const wrong = Object.entries(counts.wrong).map(([outcome, times]) => `${kind}: ${times} ended with ${outcome}`);
  if (counts.begun === 0) wrong.push(`${kind}: none was begun`);
  for (const outcome of expected) {
    if (counts.endings[outcome] === undefined) wrong.push(`${kind}: none ended with ${outcome}`);
  }
  return wrong;
}

/** Where there is a group, it decides: the resident size has pages in it that are shared with other processes. */
function judgeMemory({ maxBytes, hwmBytes, peakBytes = hwmBytes, oomKills }) {
  const wrong = [];
  if (oomKills > 0) wrong.push(`${oomKills} processes were killed for want of memory`);
  if (peakBytes > maxBytes) wrong.push(`the server had ${peakBytes} bytes of memory, more than ${maxBytes}`);
  return wrong;
}

/** A group can be removed a moment after its last process has ended. */
async function removeCage(cage) {
  for (let left = 50; ; left--) {
    try {
      cage.remove();
      return;
    } catch (error) {
      if (left === 0) throw error;
      await wait(20);
    }
  }
}
