import { expect, it } from "vitest";
import { runScenario, SCENARIO_LIMIT_MS } from "./run-scenario.js";

const heartbeat = { intervalMs: 300, timeoutMs: 300 };

it(
  "REL-D17 takes nobody for lost after a standstill of its own, and tells of it",
  async () => {
    const patient = { intervalMs: 500, timeoutMs: 1600 };
    const { wrong } = await runScenario("standstill", { connections: 50, stopMs: 2500, heartbeat: patient });

    expect(wrong).toEqual([]);
  },
  SCENARIO_LIMIT_MS,
);

it(
  "REL-D18 finds out on both sides that the network is gone, within interval and timeout",
  async () => {
    // the limit is for a busy machine: the heartbeat has 600 ms
    const { wrong } = await runScenario("half-open", { connections: 20, heartbeat, limitMs: 10_000 });

    expect(wrong).toEqual([]);
  },
  SCENARIO_LIMIT_MS,
);

it(
  "REL-D18 would not find out without a heartbeat",
  async () => {
    const { wrong } = await runScenario("half-open", { connections: 3, heartbeat: false, limitMs: 2000 });

    expect(wrong).toEqual(["3 of 3 were not found lost by the server", "3 of 3 were not found lost by the client"]);
  },
  SCENARIO_LIMIT_MS,
);
