import { expandBytes, hexOf } from "./notation.js";
import { encodeFrame, headerBytes, type Side, type Vector, type VectorEvent, type VectorFrame } from "./vector.js";

// The words that the groups of vectors are written in.

const SIDES: readonly Side[] = ["client", "server"];

/** Where in the last frame a fault must have been reported: behind a byte of the header, or so many bytes of payload. */
type FaultPlace = "first" | "second" | "third" | "length" | "header" | "end" | { readonly payload: number };

const faultCloseCodes: Readonly<Record<string, number>> = {
  MESSAGE_TOO_BIG: 1009,
  TOO_MANY_FRAMES: 1008,
  TOO_MANY_EMPTY_FRAMES: 1008,
  UTF8_INVALID: 1007,
  COMPRESSED_DATA_INVALID: 1007,
};

export interface VectorPlan {
  readonly name: string;
  readonly frames: readonly VectorFrame[];
  readonly events?: readonly VectorEvent[];
  readonly sides?: readonly Side[];
  readonly deflate?: Vector["deflate"];
  readonly limits?: Vector["limits"];
  readonly allowNonMinimalLengths?: boolean;
  /** The fault's name, and where the frame `frame` (absent: the last) shows it. */
  readonly fault?: string;
  readonly at?: FaultPlace;
  readonly frame?: number;
  /** Frames behind the one that ends everything, which nobody may look at. */
  readonly ignored?: readonly VectorFrame[];
}

/** Makes a group's vectors whole. */
export function createGroup(group: string, plans: readonly VectorPlan[]): Vector[] {
  return plans.map((plan) => createVector(group, plan));
}

function createVector(group: string, plan: VectorPlan): Vector {
  const { name, frames, events = [], sides = SIDES, deflate = null, limits, fault, ignored = [] } = plan;
  const last = events.at(-1);
  const closeCode =
    fault === undefined ? (last?.type === "close" ? last.code : null) : (faultCloseCodes[fault] ?? 1002);
  return {
    name,
    group,
    sides,
    deflate,
    ...(limits && { limits }),
    ...(plan.allowNonMinimalLengths && { allowNonMinimalLengths: true }),
    frames: [...frames, ...ignored],
    events,
    closeCode,
    ...(fault !== undefined && { fault, failsAfter: locateFault(plan, sides) }),
  };
}

function locateFault(plan: VectorPlan, sides: readonly Side[]): Partial<Record<Side, number>> {
  const index = plan.frame ?? plan.frames.length - 1;
  const frame = plan.frames[index];
  if (frame === undefined) throw new Error(`${plan.name}: no frame has the fault`);
  const places: Partial<Record<Side, number>> = {};
  for (const side of sides) {
    const before = plan.frames.slice(0, index).reduce((sum, other) => sum + encodeFrame(other, side).length, 0);
    places[side] = before + placeInFrame(frame, side, plan.at ?? "end");
  }
  return places;
}

function placeInFrame(frame: VectorFrame, side: Side, at: FaultPlace): number {
  if (at === "first") return 1;
  if (at === "second") return 2;
  if (at === "third") return 3;
  const header = headerBytes(frame, side);
  if (at === "header") return header;
  if (at === "length") return 2 + (frame.lengthBits === 64 ? 8 : 2);
  if (at === "end") return header + expandBytes(frame.payload ?? "").length;
  return header + at.payload;
}

/** A frame by its first byte and its payload in notation. */
export function frame(first: number, payload = "", rest: Omit<VectorFrame, "first" | "payload"> = {}): VectorFrame {
  return { first: hexByte(first), ...(payload === "" ? {} : { payload }), ...rest };
}

export function text(content: string): VectorEvent {
  return { type: "text", payload: hexOf(content) };
}

export function binary(payload: string): VectorEvent {
  return { type: "binary", payload };
}

export function ping(payload = ""): VectorEvent {
  return { type: "ping", payload };
}

export function pong(payload = ""): VectorEvent {
  return { type: "pong", payload };
}

export function close(code = 1005, reason = ""): VectorEvent {
  return { type: "close", code, reason };
}

/** The payload of a Close. */
export function closePayload(code: number, reason = ""): string {
  return code.toString(16).padStart(4, "0") + hexOf(reason);
}

export function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
