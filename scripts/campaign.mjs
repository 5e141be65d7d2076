// `npm run campaign -- NAME [--seed N] [--minutes M]`: a long, seeded run whose result is committed.
//
// A campaign is a module packages/hawser/test/campaigns/NAME.mjs. It imports the built package ("hawser/testing", ...)
// and exports
//
//   async function run({ seed, minutes, resume, report })
//     seed     integer; the same seed must try the same things
//     minutes  how long to work; return by yourself soon after
//     resume   the `state` the previous piece reported under the same seed, or undefined at the start
//     report   report({ counts, state }): call it now and then. `counts` is a flat object of totals since the start
//              of the campaign, `state` whatever JSON `resume` needs. Both are saved, so a killed piece loses little.
//   It returns { counts, state, failures }: failures is a list of strings, each enough to repeat what was found.
//
// The result is docs/campaigns/NAME.json. Another call without --seed goes on where the last piece ended.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, type } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { root } from "./run.mjs";
import { EXAMPLES, PROGRAM, setup } from "./setup.mjs";

const MAX_MINUTES = 20; // longer campaigns run in several pieces
const SAVE_EVERY_MS = 10_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string" }, minutes: { type: "string", default: "5" } },
});
const name = positionals[0] ?? "";
const minutes = Number(values.minutes);
const module = join(root, `packages/hawser/test/campaigns/${name}.mjs`);
if (!/^[a-z0-9-]+$/.test(name) || !existsSync(module)) fail(`no campaign "${name}": expected ${module}`);
if (!(minutes > 0 && minutes <= MAX_MINUTES)) fail(`--minutes must be above 0 and at most ${MAX_MINUTES}`);
if (values.seed !== undefined && !/^\d+$/.test(values.seed)) fail("--seed must be a non-negative integer");
if (!(await setup({ projects: [PROGRAM, EXAMPLES] }))) fail("the build failed");

const resultFile = join(root, `docs/campaigns/${name}.json`);
const previous = existsSync(resultFile) ? JSON.parse(readFileSync(resultFile, "utf8")) : undefined;
const seed = Number(values.seed ?? previous?.seed ?? Math.floor(Math.random() * 2 ** 31));
const resume = previous?.seed === seed ? previous : undefined;

const result = {
  name,
  date: new Date().toISOString(),
  host: `${type()} ${release()} ${process.arch}, ${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}`,
  node: process.version,
  seed,
  pieces: (resume?.pieces ?? 0) + 1,
  minutes: resume?.minutes ?? 0,
  counts: resume?.counts ?? {},
  failures: resume?.failures ?? [],
  state: resume?.state ?? null,
};
const minutesBefore = result.minutes;
const started = performance.now();
let savedAt = started;

console.log(`campaign ${name}: seed ${seed}, piece ${result.pieces}, ${minutes} min`);
const { run } = await import(pathToFileURL(module).href);
const last = await run({ seed, minutes, resume: resume?.state ?? undefined, report });
result.failures.push(...(last.failures ?? []));
save(last);
console.log(`campaign ${name}: ${JSON.stringify(result.counts)}, ${result.failures.length} failures -> ${resultFile}`);
process.exitCode = result.failures.length === 0 ? 0 : 1;

function report(progress) {
  if (performance.now() - savedAt < SAVE_EVERY_MS) return;
  save(progress);
  console.log(`${result.minutes} min: ${JSON.stringify(result.counts)}`);
}

function save({ counts = result.counts, state = result.state }) {
  savedAt = performance.now();
  Object.assign(result, { counts, state, minutes: minutesBefore + Math.round((savedAt - started) / 600) / 100 });
  mkdirSync(join(root, "docs/campaigns"), { recursive: true });
  writeFileSync(resultFile, `${JSON.stringify(result, undefined, 2)}\n`);
}

function fail(message) {
  console.error(`campaign: ${message}`);
  process.exit(2);
}
