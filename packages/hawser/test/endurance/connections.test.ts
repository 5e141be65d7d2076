import { expect, it } from "vitest";
import { runScenario, SCENARIO_LIMIT_MS } from "./run-scenario.js";

it(
  "has nothing left of 1,500 connections that ended in every way",
  async () => {
    const { wrong } = await runScenario("connections", { waves: [1500], seed: 1 });

    expect(wrong).toEqual([]);
  },
  SCENARIO_LIMIT_MS,
);
