import type { AttackSetup } from "../run-lab.js";

export function readScale(): number;
export function createMainMix(scale?: number): AttackSetup[];
export function createSideMix(): AttackSetup[];
