import { expect, it } from "vitest";
import { runScenario, SCENARIO_LIMIT_MS } from "./run-scenario.js";

it(
  "REL-D1 REL-D3 bounds what clients that never read cost, and lets nobody else wait for them",
  async () => {
    const options = { clients: 100, stalled: 5, broadcasts: 100, pieceBytes: 16_384, writeTimeoutMs: 5000 };

    const { wrong } = await runScenario("stalled-peer", options);

    expect(wrong).toEqual([]);
  },
  SCENARIO_LIMIT_MS,
);
