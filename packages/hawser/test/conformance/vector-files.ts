import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Vector } from "./vector.js";

const folder = join(import.meta.dirname, "vectors");

/** What a file of vectors holds. */
interface VectorFile {
  readonly group: string;
  readonly vectors: readonly Vector[];
}

/** The vectors as committed. */
export function readVectors(): Vector[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files.flatMap((name) => (JSON.parse(readFileSync(join(folder, name), "utf8")) as VectorFile).vectors);
}

export function writeVectors(vectors: readonly Vector[]): void {
  for (const group of new Set(vectors.map((vector) => vector.group))) {
    const file: VectorFile = { group, vectors: vectors.filter((vector) => vector.group === group) };
    writeFileSync(join(folder, `${group}.json`), `${JSON.stringify(file, undefined, 2)}\n`);
  }
}
