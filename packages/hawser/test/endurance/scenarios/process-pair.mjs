// A scenario's own processes: started with a forced garbage collection at hand, called over IPC, always ended.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const STARTED = ["--expose-gc"];

/**
 * Starts a script of this folder, or of a URL; `call` runs one of the functions it answers with. `setUp`: a line of shell
 * that the process begins with, such as `ulimit -n 256`. `ownNetwork`: its loopback is its own, to be cut at will; Linux only.
 */
export function startProcess(script, { setUp, ownNetwork = false } = {}) {
  const settings = ownNetwork ? inOwnNetwork() : inShell(setUp);
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), [], settings);
  const waiting = new Map();
  let calls = 0;
  const ended = new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      for (const { reject } of waiting.values()) reject(new Error(`${script} ended with ${signal ?? code}`));
      waiting.clear();
      resolve();
    });
  });
  child.on("message", ({ id, value, error }) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(value);
    else call?.reject(new Error(`${script}: ${error}`));
  });
  return {
    pid: child.pid,
    /** Whether it can be called. */
    get isRunning() {
      return child.connected;
    },
    /** Rejects when the function throws, when the process ends, or after `limitMs`. */
    call(name, options = {}, limitMs = 60_000) {
      return new Promise((resolve, reject) => {
        const id = ++calls;
        const timer = setTimeout(() => reject(new Error(`${script}: ${name} took over ${limitMs} ms`)), limitMs);
        const settle = (outcome) => (value) => {
          clearTimeout(timer);
          outcome(value);
        };
        waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
        if (child.connected) child.send({ id, name, options });
        else waiting.get(id).reject(new Error(`${script} is not running`));
      });
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function inShell(setUp) {
  if (setUp === undefined) return { execArgv: STARTED };
  return { execPath: "/bin/sh", execArgv: ["-c", `${setUp} && exec "$0" "$@"`, process.execPath, ...STARTED] };
}

function inOwnNetwork() {
  const { execPath, execArgv } = inShell("ip link set lo up");
  return { execPath: "unshare", execArgv: ["--map-root-user", "--net", execPath, ...execArgv] };
}

/** Runs `work` with a server's and a client's process, and ends both. */
export async function withProcesses(serverScript, clientScript, work) {
  const server = startProcess(serverScript);
  const client = startProcess(clientScript);
  try {
    return await work(server, client);
  } finally {
    await Promise.all([server.stop(), client.stop()]);
  }
}
