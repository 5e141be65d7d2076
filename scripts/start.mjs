// `npm start`: sets up what is missing, then runs the program. Arguments go on: `npm start -- --port 0`.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./run.mjs";
import { setup } from "./setup.mjs";

if (!(await setup())) process.exit(1);

const program = join(root, "packages/hawser-cli/bin/hawser.js");
const child = spawn(process.execPath, [program, "serve", ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });

// A terminal sends Ctrl-C to the child as well as to us, and npm sends us a copy: passing it on would make one key
// press look like the second one, which ends the program at once.
process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));

child.on("close", (code, signal) => {
  process.exitCode = code ?? 1;
  if (signal !== null) process.stderr.write(`hawser was ended by ${signal}\n`);
});
