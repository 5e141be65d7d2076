import type { LabSetup } from "../run-lab.js";

export function readScale(): number;
export function createMainMix(scale?: number): LabSetup["attacks"][number][];
export function createSideMix(): LabSetup["attacks"][number][];
