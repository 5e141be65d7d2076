// What a fresh clone lacks: dependencies from the lockfile, and the build. Cheap when nothing is missing.
// Everything is printed on standard error, so that the program's own standard output stays its own.
// npm's "prestart" and "pretest" would not do: they do not run under `ignore-scripts=true`.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run, runNode, tool } from "./run.mjs";

const mark = join(root, "node_modules/.hawser-setup");
const lock = join(root, ".setup-lock");
const LOCK_BEAT_MS = 1_000;
const LOCK_STALE_MS = 15_000;

/** What runs: the program, and the library's zones that it references. Tests are compiled by the gate `types` alone. */
export const PROGRAM = "packages/hawser-cli";

/** Programs over the library, and the zones that they reference. */
export const EXAMPLES = "examples";

/** Installs and builds what is missing. Resolves to whether the build succeeded; a failed install throws. */
export async function setup({ build = true, projects = [PROGRAM] } = {}) {
  return withLock(async () => {
    await install();
    return build ? compile(projects) : true;
  });
}

export async function compile(projects = [PROGRAM]) {
  // --stopBuildOnErrors: zones share dist, and a zone built over another's errors would overwrite its declarations.
  const args = [tool("typescript/bin/tsc"), "-b", "--stopBuildOnErrors", ...projects];
  const status = await runNode(args, { stdio: toStderr });
  return status === 0;
}

/** Only one process installs or builds at a time: `npm start` and `npm test` may run side by side. */
export async function withLock(work) {
  await acquire();
  // The holder touches the lock while it works; a lock nobody touches belonged to a process that was killed.
  const beat = setInterval(() => utimesSync(lock, new Date(), new Date()), LOCK_BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(lock, { recursive: true, force: true });
  }
}

const toStderr = ["ignore", 2, 2];

const say = (text) => process.stderr.write(`setup: ${text}\n`);

async function install() {
  const wanted = fingerprint();
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return;
  say("installing dependencies from package-lock.json (about 20 s, once)");
  const npm = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund"];
  const status = npm
    ? await runNode([npm, ...args], { stdio: toStderr })
    : await run("npm", args, { stdio: toStderr, shell: process.platform === "win32" });
  if (status !== 0) throw new Error(`npm ci ended with ${status}; see its output above`);
  writeFileSync(mark, wanted);
}

/** What decides the content of node_modules. `npm ci` removes the mark together with the folder. */
function fingerprint() {
  const hash = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  return `${hash} ${process.platform} ${process.arch}\n`;
}

async function acquire() {
  for (let waited = false; ;) {
    try {
      mkdirSync(lock);
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (lockAgeMs() > LOCK_STALE_MS) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (!waited) say("another process installs or builds; waiting for it");
    waited = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function lockAgeMs() {
  try {
    return Date.now() - statSync(lock).mtimeMs;
  } catch {
    return 0; // released meanwhile
  }
}
