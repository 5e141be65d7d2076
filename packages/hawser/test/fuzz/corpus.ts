import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeVector, type Vector } from "../conformance/vector.js";
import type { FrameInput } from "./frame-input.js";

/** An input that once went wrong, or that leads to what is hard to reach. */
export interface CorpusEntry extends Omit<FrameInput, "bytes"> {
  readonly name: string;
  readonly hex: string;
}

/** What is mutated: the bytes of the shorter vectors and of the corpus. */
export function createCorpus(vectors: readonly Vector[], entries: readonly CorpusEntry[]): Uint8Array[] {
  const bytes = vectors
    .flatMap((vector) => vector.sides.map((side) => encodeVector(vector.frames, side)))
    .filter(({ length }) => length > 0 && length < 200);
  return [...bytes, ...entries.map(({ hex }) => Buffer.from(hex, "hex"))];
}

/** The committed inputs for the parser of frames; `folder` is test/fuzz. */
export function readCorpus(folder: string): CorpusEntry[] {
  return JSON.parse(readFileSync(join(folder, "corpus/frames.json"), "utf8")) as CorpusEntry[];
}
