// Runs a child process and waits for it; shared by every script here.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Path of a file inside node_modules. Tools are called by path: `npx` costs a quarter of a second each time. */
export const tool = (path) => fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));

/**
 * Resolves to the exit status; 1 if a signal ended the child or it could not be started.
 * With `onOutput`, what the child prints goes there instead of to the terminal.
 */
export function run(command, args, { onOutput, ...options } = {}) {
  return new Promise((resolve) => {
    const stdio = onOutput ? ["ignore", "pipe", "pipe"] : "inherit";
    const child = spawn(command, args, { cwd: root, stdio, ...options });
    if (onOutput) for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", onOutput);
    child.on("error", (error) => {
      process.stderr.write(`cannot run ${command}: ${error.message}\n`);
      resolve(1);
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
}

export const runNode = (args, options) => run(process.execPath, args, options);
