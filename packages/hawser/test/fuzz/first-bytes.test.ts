import { describe, expect, it } from "vitest";
import { runParser } from "./frame-target.js";
import { type ModelOptions, runModel } from "./model.js";

const MINUTES = 60_000 * Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

const options: ModelOptions = {
  role: "client",
  mode: "message",
  deflate: false,
  maxMessageBytes: 1000,
  maxFramesPerMessage: 10,
  maxEmptyFrames: 10,
  allowNonMinimalLengths: false,
};

/** What else the frame may have: an extended length of 4 in either form, or a key and the code 1000. */
const REST = [0, 0, 0, 0, 0x03, 0xe8, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];

/** The first two bytes that the parser and the model understand differently. */
function findDifferences(some: ModelOptions, before: readonly number[]): string[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const differences: string[] = [];
  for (let word = 0; word < 0x10000; word++) {
    const bytes = Uint8Array.of(...before, word >>> 8, word & 0xff, ...REST);
    const actual = runParser(some, bytes, [before.length + 1]).join(", ");
    const expected = runModel(bytes, some).join(", ");
    if (actual !== expected) differences.push(`${word.toString(16)}: ${actual} instead of ${expected}`);
  }
  Error.stackTraceLimit = stackTraceLimit;
  return differences;
}

describe("all 65,536 beginnings of a frame mean what the model says", () => {
  it.each([
    ["for a client", options, []],
    ["for a server", { ...options, role: "server" }, []],
    ["with deflate", { ...options, deflate: true }, []],
    ["inside a message", options, [0x01, 0x01, 0x61]],
    ["inside a compressed message", { ...options, deflate: true }, [0x41, 0x01, 0x61]],
    ["in a stream", { ...options, mode: "stream", deflate: true }, []],
  ] as const)(
    "%s",
    (_name, some, before) => {
      expect(findDifferences(some, before)).toEqual([]);
    },
    MINUTES,
  );
});
