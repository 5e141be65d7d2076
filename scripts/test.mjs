// `npm test`: sets up what is missing, runs the fast gates, then every test; the last line is `N passed, N failed,
// N skipped`. `npm test -- src/protocol` passes its arguments to vitest, runs once and skips the gates.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./check.mjs";
import { chromiumPath, microsocksPath, node24Path, postgresPath, tinyproxyPath } from "./ci-tools.mjs";
import { runNode, tool } from "./run.mjs";
import { EXAMPLES, PROGRAM, setup } from "./setup.mjs";

const inCi = process.env.CI === "true";
const chosen = process.argv.slice(2);

// Coverage is that of the unit tests alone: a line that only an integration test reaches is not covered.
const runs =
  chosen.length > 0
    ? [chosen]
    : [
        ["--project", "unit", "--coverage"],
        ["--project", "integration"],
      ];

const tools = {};
const total = { passed: 0, failed: 0, skipped: 0, skippedNames: [] };

// tests start both as processes of their own
const built = await setup({ projects: [PROGRAM, EXAMPLES] });
if (!built && chosen.length > 0) {
  // Tests run the sources, so half a change can be tried; only those that start the program see the last build.
  console.error("test: the build fails (see above); running the chosen tests all the same");
} else if (!built) {
  finish({ ...total, failed: 1 }, "the build failed");
}

if (chosen.length === 0) {
  const failedGate = await check();
  if (failedGate) finish({ ...total, failed: 1 }, `the gate "${failedGate}" failed`);
}

// Tests find these tools through the environment, and skip themselves where one is missing.
tools.HAWSER_CHROMIUM = await chromiumPath();
tools.HAWSER_NODE24 = await node24Path();
tools.HAWSER_TINYPROXY = await tinyproxyPath();
tools.HAWSER_MICROSOCKS = await microsocksPath();
tools.HAWSER_POSTGRES = await postgresPath();
const env = { ...process.env };
for (const [name, path] of Object.entries(tools)) if (path) env[name] = path;

for (const args of runs) {
  const counts = await vitest(args);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  total.skippedNames.push(...counts.skippedNames);
}
finish(total);

async function vitest(args) {
  const folder = mkdtempSync(join(tmpdir(), "hawser-test-"));
  const file = join(folder, "results.json");
  const status = await runNode([tool("vitest/vitest.mjs"), "run", ...args], {
    env: { ...env, HAWSER_TEST_RESULTS: file },
  });
  const counts = readCounts(file);
  rmSync(folder, { recursive: true, force: true });
  // Coverage below its threshold, or a crash after the last test: no test failed, but the run did.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // vitest ended before it had results: a bad option, or no test at all
    return { passed: 0, failed: 1, skipped: 0, skippedNames: [] };
  }
}

function finish({ passed, failed, skipped, skippedNames }, reason) {
  for (const name of skippedNames) console.log(`skipped: ${name}`);
  for (const [name, path] of Object.entries(tools)) if (!path && skipped > 0) console.log(`not found: ${name}`);
  if (skipped > 0 && inCi) console.log("in CI every test must run: a skipped test fails the run");
  if (reason) console.log(`no tests were run: ${reason}`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed > 0 || (inCi && skipped > 0) ? 1 : 0);
}
