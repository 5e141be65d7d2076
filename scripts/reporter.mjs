// Counts of one vitest run, written to the file HAWSER_TEST_RESULTS names. It prints nothing: coverage prints after
// every reporter, so only the parent process (test.mjs) can have the last line.
import { writeFileSync } from "node:fs";

export default class CountsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const skippedNames = [];
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        // "pending": the worker ended before the test did.
        const state = test.result().state === "pending" ? "failed" : test.result().state;
        counts[state]++;
        if (state === "failed") failedHere++;
        if (state === "skipped") skippedNames.push(`${module.relativeModuleId}: ${test.fullName}`);
      }
      // An import error, a failed hook or a killed worker: the file failed though no test did.
      if (module.state() === "failed" && failedHere === 0) counts.failed++;
    }
    writeFileSync(process.env.HAWSER_TEST_RESULTS, JSON.stringify({ ...counts, skippedNames }));
  }
}
