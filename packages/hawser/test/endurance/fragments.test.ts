import { expect, it } from "vitest";
import { runScenario, SCENARIO_LIMIT_MS } from "./run-scenario.js";

it(
  "REL-A13 needs no more memory for a message of fragments of one byte than for its bytes, 100 times",
  async () => {
    const { wrong } = await runScenario("fragments", { connections: 100, fragments: 20_000 });

    expect(wrong).toEqual([]);
  },
  SCENARIO_LIMIT_MS,
);
