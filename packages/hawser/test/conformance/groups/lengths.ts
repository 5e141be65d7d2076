import { binary, createGroup, frame, type VectorPlan } from "../build.js";
import type { Vector, VectorFrame } from "../vector.js";

const SIZES = [
  0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 255, 256, 1000, 4096, 65_534, 65_535, 65_536, 65_537, 131_072, 1_048_576,
  16_777_216,
];

/** Bytes 00 to ff over and over, so that a wrong offset or phase of the mask shows. */
function countingBytes(size: number): string {
  const unit = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
  const rest = unit.slice(0, size % 256).join("");
  return size < 256 ? rest : `(${unit.join("")})*${Math.floor(size / 256)} ${rest}`.trim();
}

function wholeMessages(size: number): VectorPlan[] {
  const letters = size === 0 ? "" : `(2a)*${size}`;
  return [
    {
      name: `text of ${size} bytes`,
      frames: [frame(0x81, letters)],
      events: [{ type: "text", payload: letters }],
    },
    {
      name: `binary of ${size} bytes`,
      frames: [frame(0x82, countingBytes(size))],
      events: [binary(countingBytes(size))],
    },
  ];
}

function longForms(size: number, lengthBits: 16 | 64): VectorPlan[] {
  const payload = size === 0 ? "" : `(61)*${size}`;
  const written: VectorFrame = frame(0x82, payload, { lengthBits });
  const fault = { fault: "LENGTH_NOT_MINIMAL", at: "length" } as const;
  return [
    { name: `length ${size} in ${lengthBits} bits is refused`, frames: [written], ...fault },
    {
      name: `length ${size} in ${lengthBits} bits is taken where that is allowed`,
      frames: [written],
      events: [binary(payload)],
      allowNonMinimalLengths: true,
    },
  ];
}

// 2^n and its neighbours where readers go wrong: signed 32 bits, 53 bits of a double, signed 64 bits.
const HUGE = [
  ["2^31-1", 2n ** 31n - 1n],
  ["2^31", 2n ** 31n],
  ["2^32-1", 2n ** 32n - 1n],
  ["2^32", 2n ** 32n],
  ["2^32+5", 2n ** 32n + 5n],
  ["2^53-1", 2n ** 53n - 1n],
  ["2^53", 2n ** 53n],
  ["2^63-1", 2n ** 63n - 1n],
  ["2^63", 2n ** 63n],
  ["2^63+5", 2n ** 63n + 5n],
  ["2^64-1", 2n ** 64n - 1n],
] as const;

function hugeLengths([name, length]: (typeof HUGE)[number]): VectorPlan[] {
  const signed = length >= 2n ** 63n;
  const fault = signed ? "LENGTH_INVALID" : "MESSAGE_TOO_BIG";
  const plan = (first: number, title: string): VectorPlan => {
    const written = frame(first, "48656c6c6f", { lengthBits: 64, length: String(length) });
    // the highest bit is wrong as soon as it came
    const at = signed ? "third" : "header";
    return { name: `${title} that announces ${name} bytes`, frames: [written], fault, at };
  };
  return [plan(0x82, "binary"), plan(0x81, "text"), plan(0x01, "first fragment")];
}

const truncated: readonly VectorPlan[] = [1, 2, 3, 4, 5, 6].map((cut) => ({
  name: `a frame of which only ${cut} bytes have come is waited for`,
  frames: [frame(0x82, "(61)*300", { cut })],
}));

export function createLengthVectors(): Vector[] {
  return createGroup("lengths", [
    ...SIZES.flatMap(wholeMessages),
    ...[0, 1, 125].flatMap((size) => longForms(size, 16)),
    ...[0, 1, 125, 126, 65_535].flatMap((size) => longForms(size, 64)),
    ...HUGE.flatMap(hugeLengths),
    ...truncated,
    {
      name: "many messages of every length form behind each other",
      frames: [0, 125, 126, 65_535, 65_536, 1].map((size) => frame(0x82, countingBytes(size))),
      events: [0, 125, 126, 65_535, 65_536, 1].map((size) => binary(countingBytes(size))),
    },
  ]);
}
