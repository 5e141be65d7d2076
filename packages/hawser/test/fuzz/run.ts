import { checkClosePayload, checkInflater, checkMasks, checkText } from "./byte-target.js";
import { createFrameInput } from "./frame-input.js";
import { checkFrames } from "./frame-target.js";
import { checkRequest, checkResponse } from "./handshake-target.js";
import { checkExtensions, checkNegotiation, checkOrigin, checkProtocols } from "./header-target.js";
import { Random } from "./random.js";

/** Each target, and how many of a thousand inputs are for it. */
const targets: readonly (readonly [string, number, (random: Random, corpus: readonly Uint8Array[]) => void])[] = [
  ["frames", 570, (random, corpus) => checkFrames(createFrameInput(random, corpus), random)],
  ["request", 60, checkRequest],
  ["response", 60, checkResponse],
  ["extensions", 60, checkExtensions],
  ["negotiation", 40, checkNegotiation],
  ["protocols", 40, checkProtocols],
  ["origin", 40, checkOrigin],
  ["text", 65, checkText],
  ["masks", 30, checkMasks],
  ["close", 30, checkClosePayload],
  ["inflater", 5, checkInflater],
];

/** No input is worth more: a busy machine included. */
const MAX_INPUT_MS = 5000;
const MAX_FAILURES = 20;

export interface FuzzRun {
  readonly seed: number;
  /** The number of the first input. An input depends on the seed and its number alone. */
  readonly first: number;
  readonly count: number;
  readonly corpus: readonly Uint8Array[];
}

export interface FuzzResult {
  /** Inputs by target. */
  readonly counts: Record<string, number>;
  readonly failures: string[];
}

/** Tries inputs `first` to `first + count - 1` of the seed. */
export function runFuzz({ seed, first, count, corpus }: FuzzRun): FuzzResult {
  const counts: Record<string, number> = Object.fromEntries(targets.map(([name]) => [name, 0]));
  const failures: string[] = [];
  const { stackTraceLimit } = Error;
  // most inputs make a fault, and most of its cost would be its stack
  Error.stackTraceLimit = 0;
  for (let index = first; index < first + count && failures.length < MAX_FAILURES; index++) {
    const random = new Random(seed, index);
    const [name, , check] = chooseTarget(random.below(1000));
    counts[name] = (counts[name] ?? 0) + 1;
    const started = performance.now();
    try {
      check(random, corpus);
    } catch (error) {
      failures.push(`${name}, seed ${seed}, input ${index}: ${String(error)}`);
    }
    const elapsed = performance.now() - started;
    if (elapsed > MAX_INPUT_MS) failures.push(`${name}, seed ${seed}, input ${index}: took ${Math.round(elapsed)} ms`);
  }
  Error.stackTraceLimit = stackTraceLimit;
  return { counts, failures };
}

function chooseTarget(number: number): (typeof targets)[number] {
  let left = number;
  for (const target of targets) {
    left -= target[1];
    if (left < 0) return target;
  }
  throw new Error(`no target has number ${number}`);
}
