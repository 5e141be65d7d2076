// `npm start`: sets up what is missing, then runs the program. Arguments go on: `npm start -- --port 0`.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./run.mjs";
import { setup } from "./setup.mjs";

const PARENT_CHECK_MS = 250;

const parent = process.ppid;
if (!(await setup())) process.exit(1);

const program = join(root, "packages/hawser-cli/bin/hawser.js");
const child = spawn(process.execPath, [program, "serve", ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });
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
if (process.env.npm_lifecycle_event === "start") {
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    if (!signalled) end("SIGTERM");
  }, PARENT_CHECK_MS);
  watch.unref();
}

child.on("close", (code, signal) => {
  process.exitCode = code ?? 1;
  if (signal !== null) process.stderr.write(`hawser was ended by ${signal}\n`);
});
