// The fast gates, cheapest first; stops at the first failure. `npm run check`, and the first half of `npm test`.
import { join } from "node:path";
import { root, runNode, tool } from "./run.mjs";
import { setup } from "./setup.mjs";

const script = (name) => join(root, "scripts", name);
const hawser = join(root, "packages/hawser");
const cli = join(root, "packages/hawser-cli");

const gates = [
  { name: "lockfile", args: [script("lock-check.mjs")], advice: "pin other versions, or repeat `npm install` later" },
  {
    name: "layers",
    args: [script("layers.mjs")],
    advice: "the table is in scripts/layers.mjs and docs/ARCHITECTURE.md",
  },
  { name: "format", args: [tool("oxfmt/bin/oxfmt"), "--check"], advice: "run `npm run format`" },
  {
    name: "types",
    args: [tool("typescript/bin/tsc"), "-b", "--stopBuildOnErrors"],
    advice: "TS6307 is an import against the direction of the zones: see packages/hawser/tsconfig.*.json",
  },
  {
    // Without --type-aware the rules on promises and switches are skipped in silence.
    name: "lint",
    args: [tool("oxlint/bin/oxlint"), "--type-aware", "--deny-warnings"],
    advice: "fix it, or disable the rule on its line with the reason beside it",
  },
  { name: "unused", args: [tool("knip/bin/knip.js"), "--no-progress"], advice: "delete it, or use it" },
  { name: "package hawser", args: [tool("publint/src/cli.js"), hawser, "--strict"], advice: "see the rule's page" },
  { name: "package hawser-cli", args: [tool("publint/src/cli.js"), cli, "--strict"], advice: "see the rule's page" },
  {
    name: "published types",
    args: [tool("@arethetypeswrong/cli/dist/index.js"), "--pack", hawser, "--profile", "esm-only", "--no-emoji"],
    advice: "compare `exports` in packages/hawser/package.json with dist",
  },
];

/** Runs every gate; resolves to the name of the one that failed, or undefined. */
export async function check() {
  for (const { name, args, advice } of gates) {
    const start = performance.now();
    const output = await capture(args);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${output.status === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
    if (output.status === 0) continue;
    process.stdout.write(output.text);
    console.log(`\ncheck failed: ${name}: ${advice}`);
    return name;
  }
  return undefined;
}

/** A gate that passes says nothing: its output is kept until it fails. */
async function capture(args) {
  let text = "";
  const status = await runNode(args, {
    onOutput: (chunk) => {
      text += chunk;
    },
  });
  return { status, text };
}

if (import.meta.filename === process.argv[1]) {
  await setup({ build: false });
  process.exitCode = (await check()) === undefined ? 0 : 1;
}
