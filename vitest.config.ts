import { defineConfig } from "vitest/config";

// Limits tell a hang from work, no more: the first start of a program on a cold disk has taken 10 s.
// A slow or busy machine stretches every limit by one number instead of editing tests.
const factor = Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

// Tests run the sources, not dist. This list replaces the defaults, so they are repeated.
const conditions = ["hawser:source", "node", "import", "module", "default"];

const resultsFile = process.env["HAWSER_TEST_RESULTS"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000 * factor,
    hookTimeout: 60_000 * factor,
    expect: { poll: { timeout: 15_000 * factor } },
    setupFiles: ["./vitest.setup.ts"],
    reporters: resultsFile === undefined ? ["default"] : ["default", "./scripts/reporter.mjs"],
    projects: [
      { extends: true, test: { name: "unit", include: ["packages/*/src/**/*.test.ts"] } },
      { extends: true, test: { name: "integration", include: ["{packages/*,examples,interop/*}/test/**/*.test.ts"] } },
    ],
    coverage: {
      provider: "v8",
      include: ["packages/hawser/src/protocol/**/*.ts"],
      exclude: ["**/*.test.ts"],
      reporter: [["text", { skipFull: true }]],
      // The engine is small, pure and the part that must never surprise: its own unit tests cover it.
      thresholds: {
        "packages/hawser/src/protocol/**": { lines: 100, functions: 100, statements: 100, branches: 95 },
      },
    },
  },
});
