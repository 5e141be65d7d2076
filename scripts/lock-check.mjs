// The lockfile installs everywhere, from any registry, without running anybody's code:
// no addresses, no install scripts, and an entry for every platform package. npm drops the entries of packages that
// cannot be had at the moment without a word, and `npm ci` then fails on other machines.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

export function checkLock(lock) {
  const found = [];
  const entries = Object.entries(lock.packages ?? {}).filter(([path]) => path !== "");
  if (entries.length === 0) found.push("the lockfile has no entries");
  for (const [path, entry] of entries) {
    if (/^[a-z+]+:/.test(entry.resolved ?? "")) found.push(`${path}: has an address: ${entry.resolved}`);
    if (entry.hasInstallScript) found.push(`${path}: has an install script`);
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      const nested = `${path}/node_modules/${name}`;
      if (!lock.packages[`node_modules/${name}`] && !lock.packages[nested]) found.push(`${path}: lacks ${name}`);
    }
  }
  return { entries: entries.length, found };
}

if (import.meta.filename === process.argv[1]) {
  const { entries, found } = checkLock(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")));
  for (const line of found) console.error(line);
  console.log(`${entries} packages, ${found.length} problems`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
