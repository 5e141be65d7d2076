import { expect, it } from "vitest";
import { runScenario, SCENARIO_LIMIT_MS } from "./run-scenario.js";

const MIB = 1024 * 1024;
const short = { bytes: 256 * MIB, fromBytes: 64 * MIB, sampleEveryBytes: 16 * MIB, seed: 1 };

it.each(["client-to-server", "server-to-client"])(
  "needs no more memory the longer a message is, %s",
  async (direction) => {
    const { wrong } = await runScenario("stream", { ...short, direction });

    expect(wrong).toEqual([]);
  },
  SCENARIO_LIMIT_MS,
);

it(
  "would notice a reader that keeps what it reads",
  async () => {
    const options = { ...short, bytes: 128 * MIB, direction: "client-to-server", leaky: true };

    const { wrong } = await runScenario("stream", options);

    expect(wrong).toEqual([expect.stringMatching(/^the reader grew by \d+ bytes$/)]);
  },
  SCENARIO_LIMIT_MS,
);
