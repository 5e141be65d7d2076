import { expect, it } from "vitest";
import { runScenario, SCENARIO_LIMIT_MS } from "./run-scenario.js";
import type { ScenarioResult } from "./run-scenario.js";

interface Measured extends ScenarioResult {
  /** Bytes for each, by what was measured. */
  readonly each: Readonly<Record<string, { readonly rssBytes: number; readonly heapBytes: number }>>;
}

// docs/campaigns/gateway-memory.json has it for 10,000, in resident memory; with fewer the collector's own spaces hide them.
it(
  "an idle session that is logged in takes at most 6 KiB of the heap, connection and all",
  async () => {
    const { each, wrong } = await runScenario<Measured>("gateway-memory", {
      sessions: 2000,
      kinds: ["hawser sessions"],
    });

    expect(wrong).toEqual([]);
    // what is measured has to be there: less than this would be no session
    expect(each["hawser sessions"]?.heapBytes).toBeGreaterThan(1000);
    expect(each["hawser sessions"]?.heapBytes).toBeLessThan(6144);
  },
  SCENARIO_LIMIT_MS,
);
