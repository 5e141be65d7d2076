import { expect, it } from "vitest";
import { LAB_LIMIT_MS, runLab } from "./run-lab.js";
import { createMainMix, createSideMix, readScale } from "./scenarios/mixes.mjs";

it(
  "REL-B1 REL-B2 REL-C1 REL-A13 REL-D20 lives through all attacks at once in 512 MiB, and no canary misses an echo",
  async () => {
    const scale = readScale();
    if (scale < 1) {
      console.warn(`attacks: descriptors are few here, so only ${Math.round(scale * 100)} % of the numbers`);
    }

    const attacks = [...createMainMix(scale), ...createSideMix()];
    const result = await runLab({ seed: 1, seconds: 120, minSeconds: 20, attacks });

    const { memory, echoes, peak, newcomers } = result;
    console.log(`attacks: ${JSON.stringify({ ...memory, ...echoes, peak, newcomers })}`);
    expect(result.wrong).toEqual([]);
    expect(result.attacks["silent"]?.mostAtOnce).toBe(Math.floor(10_000 * scale));
    expect(result.attacks["slow"]?.mostAtOnce).toBe(Math.floor(2000 * scale));
    expect(result.echoes.echoes).toBeGreaterThan(0);
  },
  LAB_LIMIT_MS,
);

it(
  "REL-D7 runs out of descriptors: who is connected keeps the echo, and others come in afterwards",
  async () => {
    const attacks = [
      { kind: "silent", count: 400, expect: ["end before an answer"] },
      { kind: "churn", count: 10 },
    ];

    const options = { maxConnections: "Infinity" };
    const result = await runLab({ seed: 2, seconds: 60, minSeconds: 3, setUp: "ulimit -n 256", options, attacks });

    expect(result.wrong).toEqual([]);
    expect(result.newcomers.admitted).toBeLessThan(result.newcomers.tried);
  },
  LAB_LIMIT_MS,
);
