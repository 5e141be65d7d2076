import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createVectors } from "./groups/index.js";
import { runVector } from "./run.js";
import type { Vector } from "./vector.js";
import { readVectors, writeVectors } from "./vector-files.js";

// UPDATE_CONFORMANCE=1 writes the vectors and the result anew.

const resultFile = join(import.meta.dirname, "../../../../docs/campaigns/conformance.json");
const update = process.env["UPDATE_CONFORMANCE"] === "1";
const MINUTES = 60_000 * Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

if (update) writeVectors(createVectors());
const vectors = readVectors();
const groups = [...new Set(vectors.map((vector) => vector.group))].sort();
const failuresByGroup = new Map<string, number>();

function inGroup(group: string): Vector[] {
  return vectors.filter((vector) => vector.group === group);
}

/** A vector without what another version of zlib may write in another way. */
function withoutCompressedBytes(vector: Vector): unknown {
  return vector.group === "compression" ? { ...vector, frames: [], failsAfter: null } : vector;
}

function byName(all: readonly Vector[]): Record<string, unknown> {
  return Object.fromEntries(all.map((vector) => [`${vector.group}: ${vector.name}`, withoutCompressedBytes(vector)]));
}

it("has more than 300 vectors, each with a name of its own", () => {
  const names = vectors.map((vector) => `${vector.group}: ${vector.name}`);

  expect(vectors.length).toBeGreaterThan(300);
  expect(new Set(names).size).toBe(names.length);
});

it("has the vectors that its groups describe", () => {
  expect(byName(vectors)).toEqual(byName(createVectors()));
});

describe("however their bytes are cut, on either side, with either byte operations, as messages and as streams", () => {
  it.each(groups)(
    "the vectors of %s come out as they say",
    (group) => {
      const failing = inGroup(group).map(runVector);
      failuresByGroup.set(group, failing.filter((failures) => failures.length > 0).length);

      expect(failing.flatMap(([first = []]) => first)).toEqual([]);
    },
    5 * MINUTES,
  );
});

it("equals the result that is committed", () => {
  const result = {
    name: "conformance",
    vectors: vectors.length,
    groups: Object.fromEntries(
      groups.map((group) => {
        const count = inGroup(group).length;
        const failed = failuresByGroup.get(group) ?? 0;
        return [group, { vectors: count, passed: count - failed, failed }];
      }),
    ),
  };
  if (update) writeFileSync(resultFile, `${JSON.stringify(result, undefined, 2)}\n`);

  expect(JSON.parse(readFileSync(resultFile, "utf8"))).toEqual(result);
});
