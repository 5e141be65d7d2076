import { describe, expect, it } from "vitest";
import { readVectors } from "../conformance/vector-files.js";
import { createCorpus, readCorpus } from "./corpus.js";
import { checkFrames } from "./frame-target.js";
import { Random } from "./random.js";
import { runFuzz } from "./run.js";

const MINUTES = 60_000 * Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);
const INPUTS = Number(process.env["HAWSER_FUZZ_INPUTS"] ?? 1_000_000);
const SEED = 20_260_101;

const entries = readCorpus(import.meta.dirname);
const corpus = createCorpus(readVectors(), entries);

describe("the corpus", () => {
  it.each(entries)("comes out as the model says: $name", ({ options, hex }) => {
    const bytes = Buffer.from(hex, "hex");

    expect(() => {
      for (let seed = 0; seed < 200; seed++) checkFrames({ options, bytes }, new Random(seed, 0));
    }).not.toThrow();
  });
});

it(
  `finds nothing in ${INPUTS} inputs`,
  () => {
    const { counts, failures } = runFuzz({ seed: SEED, first: 0, count: INPUTS, corpus });

    expect(failures).toEqual([]);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(INPUTS);
    expect(Object.values(counts).every((count) => count > INPUTS / 1000)).toBe(true);
  },
  20 * MINUTES,
);
