import { expect, it } from "vitest";
import { runScenario, SCENARIO_LIMIT_MS } from "./run-scenario.js";

// The numbers of the whole storm are held on virtual time, in client-storm-virtual.test.ts, and by the campaign client-storm.
it(
  "200 clients of a server that was killed come back to another that admits 20 a second",
  async () => {
    const { wrong } = await runScenario("client-storm", {
      clients: 200,
      downMs: 2000,
      openingsPerSecond: 20,
      backLimitMs: SCENARIO_LIMIT_MS / 2,
    });

    expect(wrong).toEqual([]);
  },
  SCENARIO_LIMIT_MS,
);
