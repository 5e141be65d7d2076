import { expect, it } from "vitest";
import { runScenario, SCENARIO_LIMIT_MS } from "./run-scenario.js";
import type { ScenarioResult } from "./run-scenario.js";

interface DescriptorsResult extends ScenarioResult {
  readonly shortage: boolean;
  readonly errors: number;
}

it(
  "REL-D6 a crowd of silent connections takes no descriptor that others need, with 256 of them",
  async () => {
    const options = { connections: 20, crowd: 400, unlimited: false };
    const { wrong, shortage } = await runScenario<DescriptorsResult>("descriptors", options);

    expect({ wrong, shortage }).toEqual({ wrong: [], shortage: false });
  },
  SCENARIO_LIMIT_MS,
);

it(
  "REL-D7 without maxConnections they run out: the server tells it once, goes on for those it has, and recovers",
  async () => {
    const options = { connections: 20, crowd: 400, unlimited: true };
    const { wrong, shortage, errors } = await runScenario<DescriptorsResult>("descriptors", options);

    expect({ wrong, shortage, errors }).toEqual({ wrong: [], shortage: true, errors: 1 });
  },
  SCENARIO_LIMIT_MS,
);
