import type { ByteOperations } from "../../src/internal/bytes.js";
import { portableBytes } from "../../src/internal/portable-bytes.js";
import { createNodeBytes } from "../../src/node/index.js";
import { createSeededRandom } from "../../src/testing/index.js";
import { Engine, type EngineEvent } from "./engine.js";
import { expandBytes } from "./notation.js";
import {
  encodeFrame,
  encodeVector,
  headerBytes,
  type Side,
  type Vector,
  type VectorEvent,
  vectorLimits,
} from "./vector.js";

const RANDOM_SPLITS = 20;
/** Longer inputs are cut byte by byte only where frames begin and end. */
const SHORT_INPUT = 4096;
/** Longer ones do not meet every combination of byte operations and cuts. */
const LONG_INPUT = 100_000;
/** And these not every cut. */
const HUGE_INPUT = 4_000_000;
const SLACK_BYTES = 65_536;

const operations: readonly [string, ByteOperations][] = [
  ["portable", portableBytes],
  ["node", createNodeBytes()],
];

/** What an input must become. */
interface Expectation {
  readonly events: readonly EngineEvent[];
  readonly fault: string | null;
  readonly closeCode: number | null;
  readonly failsAfter: number | null;
}

/** Runs a vector in every way there is, and tells what went wrong: nothing, one hopes. */
export function runVector(vector: Vector): string[] {
  const events = vector.events.map(expandEvent);
  return vector.sides.flatMap((side) => {
    const input = encodeVector(vector.frames, side);
    const { fault = null, closeCode } = vector;
    const expected = { events, fault, closeCode, failsAfter: vector.failsAfter?.[side] ?? null };
    return runSide(vector, { side, input, expected });
  });
}

/** Whether a stream of pieces must come to the same: sizes and counts have no limit there. */
function canStream({ limits, fault }: Vector): boolean {
  if (limits?.maxMessageBytes !== undefined || limits?.maxFramesPerMessage !== undefined) return false;
  return fault !== "MESSAGE_TOO_BIG" && fault !== "TOO_MANY_FRAMES";
}

interface SideRun {
  readonly side: Side;
  readonly input: Buffer;
  readonly expected: Expectation;
}

function runSide(vector: Vector, { side, input, expected }: SideRun): string[] {
  const plans = createCutPlans(vector, side, input.length, expected.failsAfter);
  const size = input.length + countInflated(vector, expected.events);
  const failures: string[] = [];
  for (const [name, bytes] of operations) {
    for (const mode of ["message", "stream"] as const) {
      if (mode === "stream" && !canStream(vector)) continue;
      const lean = size > HUGE_INPUT || (size > LONG_INPUT && (name === "portable" || mode === "stream"));
      for (const [way, cuts] of lean ? plans.slice(0, 4) : plans) {
        const engine = new Engine(vector, { role: side, mode, bytes });
        const wrong = runCuts(engine, Buffer.from(input), cuts) ?? compare(engine, expected, { vector, mode, way });
        engine.close();
        if (wrong !== undefined) failures.push(`${vector.name} [${side}, ${name}, ${mode}, ${way}]: ${wrong}`);
      }
    }
  }
  return failures;
}

/** How many bytes an inflater has to make. */
function countInflated({ deflate, fault, limits }: Vector, events: readonly EngineEvent[]): number {
  if (deflate === null) return 0;
  if (fault === "MESSAGE_TOO_BIG") return limits?.maxMessageBytes ?? vectorLimits.maxMessageBytes;
  return events.reduce((sum, event) => sum + (event.type === "close" ? 0 : event.payload.length), 0);
}

function runCuts(engine: Engine, input: Uint8Array, cuts: readonly number[]): string | undefined {
  let start = 0;
  for (const end of cuts) {
    engine.push(input, start, end);
    start = end;
  }
  engine.push(input, start, input.length);
  return engine.excessBytes > SLACK_BYTES ? `${engine.excessBytes} bytes held beyond twice the input` : undefined;
}

function compare(
  engine: Engine,
  expected: Expectation,
  { vector, mode, way }: { vector: Vector; mode: "message" | "stream"; way: string },
): string | undefined {
  const fault = engine.fault?.code ?? null;
  if (fault !== expected.fault) return `fault ${fault} instead of ${expected.fault}`;
  if (engine.fault !== null && engine.fault.closeCode !== expected.closeCode) {
    return `close code ${engine.fault.closeCode} instead of ${expected.closeCode}`;
  }
  const difference = compareEvents(engine.events, expected.events);
  if (difference !== undefined) return difference;
  if (expected.failsAfter === null || way === "whole" || way.startsWith("random")) return undefined;
  // a stream is inflated as it comes, and may show its fault before the message ends
  const early = mode === "stream" && vector.deflate !== null && engine.failedAfter < expected.failsAfter;
  if (early || engine.failedAfter === expected.failsAfter) return undefined;
  return `reported after ${engine.failedAfter} bytes instead of ${expected.failsAfter}`;
}

function compareEvents(actual: readonly EngineEvent[], expected: readonly EngineEvent[]): string | undefined {
  for (const [at, event] of expected.entries()) {
    const other = actual[at];
    if (other === undefined || !isSameEvent(other, event)) {
      return `event ${at} is ${describe(other)} instead of ${describe(event)}`;
    }
  }
  return actual.length > expected.length ? `one event too many: ${describe(actual[expected.length])}` : undefined;
}

function isSameEvent(one: EngineEvent, other: EngineEvent): boolean {
  if (one.type === "close" || other.type === "close") {
    return one.type === "close" && other.type === "close" && one.code === other.code && one.reason === other.reason;
  }
  return one.type === other.type && Buffer.compare(one.payload, other.payload) === 0;
}

function describe(event: EngineEvent | undefined): string {
  if (event === undefined) return "nothing";
  if (event.type === "close") return `close ${event.code} "${event.reason}"`;
  return `${event.type} ${event.payload.length} ${Buffer.from(event.payload.subarray(0, 30)).toString("hex")}`;
}

function expandEvent(event: VectorEvent): EngineEvent {
  return event.type === "close" ? event : { type: event.type, payload: expandBytes(event.payload) };
}

/** The ways to cut an input: whole, byte by byte, at random. Always cut in front of and behind the byte that is at fault. */
function createCutPlans(
  vector: Vector,
  side: Side,
  length: number,
  failsAfter: number | null,
): readonly [string, readonly number[]][] {
  const edges = failsAfter === null ? [] : [failsAfter - 1, failsAfter];
  const fine = length <= SHORT_INPUT ? range(1, length) : findBoundaries(vector, side);
  const plans: [string, readonly number[]][] = [
    ["whole", []],
    ["byte by byte", order([...fine, ...edges], length)],
  ];
  for (let seed = 1; seed <= RANDOM_SPLITS; seed++) {
    const random = createSeededRandom(seed * 7919 + length);
    const count = 1 + random.below(Math.min(24, length + 1));
    const cuts = Array.from({ length: count }, () => random.below(length + 1));
    plans.push([`random ${seed}`, order(cuts, length)]);
  }
  return plans;
}

/** Each byte around the ends of frames: of the first and the last ones, when there are many. */
function findBoundaries(vector: Vector, side: Side): number[] {
  const cuts: number[] = [];
  let at = 0;
  for (const [index, frame] of vector.frames.entries()) {
    const near = index < 40 || index >= vector.frames.length - 40;
    const { repeat = 1 } = frame;
    const end = at + encodeFrame(frame, side).length;
    if (repeat > 1) cuts.push(...range(at, at + 64));
    if (near) cuts.push(...range(at, at + headerBytes(frame, side) + 8), ...range(end - 8, end));
    at = end;
  }
  return cuts;
}

function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, at) => start + at);
}

function order(cuts: readonly number[], length: number): number[] {
  return [...new Set(cuts)].filter((cut) => cut > 0 && cut < length).sort((a, b) => a - b);
}
