import { expect, it } from "vitest";
import { runScenario, SCENARIO_LIMIT_MS } from "./run-scenario.js";
import type { ScenarioResult } from "./run-scenario.js";

interface Measured extends ScenarioResult {
  /** Bytes of RSS, by what was measured. */
  readonly perConnection: Readonly<Record<string, number>>;
}

// docs/campaigns/deflate-memory.json has it for 10,000
it(
  "REL-C5 500 connections that used compression once take at most half of what they take with ws",
  async () => {
    const options = { connections: 500, kinds: ["hawser, no takeover", "ws"] };
    const { perConnection, wrong } = await runScenario<Measured>("deflate-memory", options);
    const { "hawser, no takeover": ours = Infinity, ws = 0 } = perConnection;

    expect(wrong).toEqual([]);
    // what ws takes is what it takes where every connection keeps its contexts: the measure sees that
    expect(ws).toBeGreaterThan(150_000);
    expect(ours).toBeLessThan(ws / 2);
  },
  SCENARIO_LIMIT_MS,
);
