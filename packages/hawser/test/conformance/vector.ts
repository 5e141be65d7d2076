import { expandBytes } from "./notation.js";

/** Whose parser reads: a server's gets the bytes of a client, masked. */
export type Side = "client" | "server";

/** One frame of a vector, legal or not. Every field but `first` may be absent. */
export interface VectorFrame {
  /** The first byte: FIN, RSV1 to RSV3, opcode, as two hexadecimal digits. */
  readonly first: string;
  /** What the frame carries, before it is masked. Absent: nothing. */
  readonly payload?: string;
  /** The length announced, in decimal. Absent: the payload's. */
  readonly length?: string;
  /** How many bits the length is written in. Absent: the shortest form. */
  readonly lengthBits?: 7 | 16 | 64;
  /** The masking key where the frame has one. Absent: 37fa213d. */
  readonly key?: string;
  /** Absent: masked for a server, not for a client. */
  readonly masked?: boolean;
  /** Only so many bytes of the frame are sent, which then is the last. */
  readonly cut?: number;
  /** The frame comes so many times. Absent: once. */
  readonly repeat?: number;
}

export type VectorEvent =
  | { readonly type: "text" | "binary" | "ping" | "pong"; readonly payload: string }
  | { readonly type: "close"; readonly code: number; readonly reason: string };

export interface VectorLimits {
  readonly maxMessageBytes?: number;
  readonly maxFramesPerMessage?: number;
  readonly maxEmptyFrames?: number;
}

/** What an endpoint gets, and what it must make of it. */
export interface Vector {
  readonly name: string;
  readonly group: string;
  /** Who can be the reader. */
  readonly sides: readonly Side[];
  /** permessage-deflate as agreed on for this direction; null: not negotiated. */
  readonly deflate: { readonly windowBits: number; readonly takeover: boolean } | null;
  readonly limits?: VectorLimits;
  readonly allowNonMinimalLengths?: boolean;
  readonly frames: readonly VectorFrame[];
  readonly events: readonly VectorEvent[];
  /** The code of the Close that the endpoint sends; 1005 for one without a code, null for none. */
  readonly closeCode: number | null;
  /** The name of the fault, when the bytes have one. */
  readonly fault?: string;
  /** After how many bytes the fault must have been reported. */
  readonly failsAfter?: Partial<Readonly<Record<Side, number>>>;
}

/** What holds where a vector says nothing else. */
export const vectorLimits: Required<VectorLimits> = {
  maxMessageBytes: 16_777_216,
  maxFramesPerMessage: 131_072,
  maxEmptyFrames: 1024,
};

const DEFAULT_KEY = "37fa213d";

/** The bytes of the frames on their way to `side`. */
export function encodeVector(frames: readonly VectorFrame[], side: Side): Buffer {
  return Buffer.concat(frames.map((frame) => encodeFrame(frame, side)));
}

export function encodeFrame(frame: VectorFrame, side: Side): Buffer {
  const payload = expandBytes(frame.payload ?? "");
  const header = encodeHeader(frame, side, payload.length);
  const key = isMasked(frame, side) ? header.subarray(-4) : undefined;
  if (key !== undefined) {
    for (let at = 0; at < payload.length; at++) payload[at] = (payload[at] as number) ^ (key[at & 3] as number);
  }
  const whole = Buffer.concat([header, payload]);
  if (frame.repeat !== undefined) return Buffer.alloc(whole.length * frame.repeat, whole);
  return frame.cut === undefined ? whole : whole.subarray(0, frame.cut);
}

/** How many bytes stand in front of the frame's payload. */
export function headerBytes(frame: VectorFrame, side: Side): number {
  return encodeHeader(frame, side, expandBytes(frame.payload ?? "").length).length;
}

function isMasked(frame: VectorFrame, side: Side): boolean {
  return frame.masked ?? side === "server";
}

// RFC 6455 §5.2
function encodeHeader(frame: VectorFrame, side: Side, payloadLength: number): Buffer {
  const length = BigInt(frame.length ?? payloadLength);
  const bits = frame.lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  const masked = isMasked(frame, side);
  const second = (masked ? 0x80 : 0) + (bits === 7 ? Number(length) : bits === 16 ? 126 : 127);
  const extended = bits === 7 ? "" : length.toString(16).padStart(bits / 4, "0");
  const key = masked ? (frame.key ?? DEFAULT_KEY) : "";
  return Buffer.from(`${frame.first}${second.toString(16).padStart(2, "0")}${extended}${key}`, "hex");
}
