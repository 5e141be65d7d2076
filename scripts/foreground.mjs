// Runs a program in the place of an npm script: it has our terminal, gets our signals, and we end as it does.
import { spawn } from "node:child_process";
import { root } from "./run.mjs";

const PARENT_CHECK_MS = 250;
const parent = process.ppid;

/** Runs node with these arguments for the npm script of this name; `name` is what its end by a signal is told of. */
export function runInForeground(args, { script, name }) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
  let signalled = false;

  function end(signal) {
    signalled = true;
    child.kill(signal);
  }

  // A terminal sends Ctrl-C to the child as well as to us, and npm sends us a copy: passing it on would make one key
  // press look like the second one, which ends the program at once.
  process.on("SIGINT", () => {
    if (process.stdin.isTTY) signalled = true;
    else end("SIGINT");
  });
  process.on("SIGTERM", () => end("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGHUP"));

  // npm passes SIGTERM to the shell between us, which ends without telling us: a changed parent is all that we see.
  if (process.env.npm_lifecycle_event === script) {
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      if (!signalled) end("SIGTERM");
    }, PARENT_CHECK_MS);
    watch.unref();
  }

  child.on("close", (code, signal) => {
    process.exitCode = code ?? 1;
    if (signal !== null) process.stderr.write(`${name} was ended by ${signal}\n`);
  });
}
