// The processes of a bench: a server, and what loads it.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const pathOf = (file) => fileURLToPath(new URL(file, import.meta.url));

/** Starts `servers/NAME.mjs`; settles when it listens. */
export async function startServer(name, { mode, execArgv = [] }) {
  const stdio = ["ignore", "pipe", "inherit"];
  const child = spawn(process.execPath, [...execArgv, pathOf(`servers/${name}.mjs`), "--mode", mode], { stdio });
  const lines = createInterface(child.stdout);
  const line = await Promise.race([once(lines, "line"), once(child, "exit")]);
  const port = Number(/^listening on (\d+)$/.exec(String(line[0]))?.[1]);
  if (Number.isNaN(port)) throw new Error(`${name} did not start`);
  return { pid: child.pid, port, stop: () => stop(child) };
}

/** Starts `load/NAME.mjs`; settles when it says that it is ready. */
export async function startLoad(name, args) {
  const child = fork(pathOf(`load/${name}.mjs`), args.map(String), { execArgv: [] });
  const [first] = await Promise.race([once(child, "message"), once(child, "exit")]);
  if (first !== "ready") throw new Error(`the load ${name} ended`);
  return { ask: () => ask(child), stop: () => stop(child) };
}

async function ask(child) {
  child.send("?");
  const [answer] = await Promise.race([once(child, "message"), once(child, "exit")]);
  if (typeof answer !== "object" || answer === null) throw new Error("a process of the bench ended");
  return answer;
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill();
  await ended;
}

const TICK_US = 10_000;

/**
 * What a process has used so far: user and system time of all its threads in microseconds (Linux counts ticks of 10 ms), and of its
 * main thread how long it ran and how long it waited for a processor, in milliseconds.
 */
export function readCpu(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [ranNs, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ").map(Number);
  return { us: (Number(fields[11]) + Number(fields[12])) * TICK_US, ranMs: ranNs / 1e6, waitedMs: waitedNs / 1e6 };
}
