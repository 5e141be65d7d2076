import { expect, it } from "vitest";
import { runScenario, SCENARIO_LIMIT_MS } from "./run-scenario.js";

it(
  "REL-D1 REL-D3 closes subscribers that never read with 4008, within their bound, and the others miss nothing",
  async () => {
    // large messages, so that the system's buffers are full soon
    const options = { clients: 20, stalled: 2, everyMs: 10, bytes: 32_768, more: 50, limitMs: 60_000 };

    const { wrong } = await runScenario("gateway-slow", options);

    expect(wrong).toEqual([]);
  },
  SCENARIO_LIMIT_MS,
);
