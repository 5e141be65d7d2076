import type { Vector } from "../vector.js";
import { createCloseVectors } from "./close.js";
import { createCompressionVectors } from "./compression.js";
import { createControlVectors } from "./control.js";
import { createFragmentVectors } from "./fragments.js";
import { createMaskVectors, createOpcodeVectors, createReservedBitVectors } from "./headers.js";
import { createLengthVectors } from "./lengths.js";
import { createLimitVectors } from "./limits.js";
import { createTextVectors } from "./text.js";

/** Every vector, made anew: vectors/*.json is what this wrote. */
export function createVectors(): Vector[] {
  return [
    ...createLengthVectors(),
    ...createControlVectors(),
    ...createReservedBitVectors(),
    ...createOpcodeVectors(),
    ...createFragmentVectors(),
    ...createTextVectors(),
    ...createCloseVectors(),
    ...createLimitVectors(),
    ...createMaskVectors(),
    ...createCompressionVectors(),
  ];
}
