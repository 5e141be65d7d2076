import { runProgram } from "./program.js";

// Whoever read our output has left, as in `hawser connect ... | head -1`.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

const exitCode = await runProgram(process.argv.slice(2));
if (exitCode !== undefined) process.exitCode = exitCode;
