// `npm run bench -- SCENARIO [--rounds 5] [--seconds 5]`: peers beside us in one run, one after the other in turns. The result is
// bench/results/SCENARIO.json, with where and when.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { cpus, release, type } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { setup } from "../scripts/setup.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "5" } },
});
const name = positionals[0] ?? "";
const scenario = new URL(`scenarios/${name}.mjs`, import.meta.url);
if (!/^[a-z0-9-]+$/.test(name) || !existsSync(scenario)) fail(`no scenario "${name}" in bench/scenarios`);
const rounds = readCount("rounds");
const seconds = readCount("seconds");
if (!(await setup())) fail("the build failed");

const { run, print } = await import(scenario.href);
const result = await run({ rounds, seconds });
const file = fileURLToPath(new URL(`results/${name}.json`, import.meta.url));
mkdirSync(new URL("results", import.meta.url), { recursive: true });
writeFileSync(file, `${JSON.stringify({ name, ...describePlace(), ...result }, undefined, 2)}\n`);
print(result);
console.log(file);

function describePlace() {
  return {
    date: new Date().toISOString(),
    host: `${type()} ${release()} ${process.arch}, ${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}`,
    node: process.version,
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
  };
}

function readCount(option) {
  const count = Number(values[option]);
  if (!(Number.isInteger(count) && count > 0)) fail(`--${option} must be a whole number above 0`);
  return count;
}

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}
