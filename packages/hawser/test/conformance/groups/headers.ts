import { binary, createGroup, frame, hexByte, ping, text, type VectorPlan } from "../build.js";
import { hexOf } from "../notation.js";
import type { Vector, VectorFrame } from "../vector.js";

const DEFLATE = { windowBits: 15, takeover: false };
const BIT_NAMES = ["RSV3", "RSV2", "RSV2 and RSV3", "RSV1", "RSV1 and RSV3", "RSV1 and RSV2", "all three RSV bits"];

const OPCODES = [
  [0x1, "text"],
  [0x2, "binary"],
  [0x0, "a continuation"],
  [0x8, "close"],
  [0x9, "ping"],
  [0xa, "pong"],
] as const;

const BEGIN: VectorFrame = frame(0x01, hexOf("Hel"));

function reservedBits(deflate: Vector["deflate"]): VectorPlan[] {
  const plans: VectorPlan[] = [];
  for (const [opcode, kind] of OPCODES) {
    for (const [at, name] of BIT_NAMES.entries()) {
      const first = 0x80 | ((at + 1) << 4) | opcode;
      const legal = deflate !== null && name === "RSV1" && (opcode === 0x1 || opcode === 0x2);
      if (legal) continue;
      const bad = frame(first, opcode === 0x8 ? "03e8" : hexOf("lo"));
      plans.push({
        name: `${name} on ${kind}, ${deflate === null ? "nothing negotiated" : "deflate negotiated"}`,
        deflate,
        frames: opcode === 0x0 ? [BEGIN, bad] : [bad],
        fault: "RESERVED_BITS_SET",
        at: "first",
      });
    }
  }
  return plans;
}

function reservedBitsBehindMessage(bits: number): VectorPlan {
  return {
    name: `a message, a ping and then reserved bits 0x${hexByte(bits)}`,
    frames: [frame(0x81, hexOf("Hello")), frame(0x89), frame(0x82 | bits)],
    events: [text("Hello"), ping()],
    fault: "RESERVED_BITS_SET",
    at: "first",
  };
}

export function createReservedBitVectors(): Vector[] {
  return createGroup("reserved-bits", [
    ...reservedBits(null),
    ...reservedBits(DEFLATE),
    ...[0x10, 0x20, 0x40].map(reservedBitsBehindMessage),
  ]);
}

const RESERVED_OPCODES = [0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf];

function reservedOpcode(opcode: number): VectorPlan[] {
  const fault = { fault: "OPCODE_RESERVED", at: "first" } as const;
  const name = `opcode 0x${opcode.toString(16)}`;
  return [
    { name: `${name} alone`, frames: [frame(0x80 | opcode)], ...fault },
    { name: `${name} with a payload`, frames: [frame(0x80 | opcode, hexOf("Hello"))], ...fault },
    { name: `${name} without FIN`, frames: [frame(opcode, hexOf("Hello"))], ...fault },
    { name: `${name} inside a message`, frames: [BEGIN, frame(0x80 | opcode)], ...fault },
    {
      name: `${name} behind a message`,
      frames: [frame(0x82, "00ff"), frame(0x80 | opcode)],
      events: [binary("00ff")],
      ...fault,
    },
  ];
}

export function createOpcodeVectors(): Vector[] {
  return createGroup("opcodes", RESERVED_OPCODES.flatMap(reservedOpcode));
}

const KEYS = [
  ["zero", "00000000"],
  ["of ones", "ffffffff"],
  ["with the highest bit set", "80000000"],
  ["with the lowest bit set", "00000001"],
  ["of four different octets", "01ff8000"],
] as const;

function keyVectors([name, key]: (typeof KEYS)[number]): VectorPlan[] {
  const content = "text(3,997)";
  return [
    { name: `a key ${name}`, sides: ["server"], frames: [frame(0x82, content, { key })], events: [binary(content)] },
    {
      name: `a key ${name} on a long frame`,
      sides: ["server"],
      frames: [frame(0x82, "text(4,70001)", { key })],
      events: [binary("text(4,70001)")],
    },
  ];
}

function wrongMasks(first: number, kind: string): VectorPlan[] {
  return [
    {
      name: `${kind} of a client without a mask`,
      sides: ["server"],
      frames: [frame(first, "03e8", { masked: false })],
      fault: "FRAME_NOT_MASKED",
      at: "second",
    },
    {
      name: `${kind} of a server with a mask`,
      sides: ["client"],
      frames: [frame(first, "03e8", { masked: true })],
      fault: "FRAME_MASKED",
      at: "second",
    },
  ];
}

export function createMaskVectors(): Vector[] {
  return createGroup("masks", [
    ...KEYS.flatMap(keyVectors),
    ...wrongMasks(0x82, "binary"),
    ...wrongMasks(0x81, "text"),
    ...wrongMasks(0x89, "ping"),
    ...wrongMasks(0x88, "close"),
    ...wrongMasks(0x01, "first fragment"),
    {
      name: "a key of its own on each fragment",
      sides: ["server"],
      frames: [
        frame(0x01, hexOf("ab"), { key: "11223344" }),
        frame(0x00, hexOf("c"), { key: "55667788" }),
        frame(0x80, hexOf("defgh"), { key: "99aabbcc" }),
      ],
      events: [text("abcdefgh")],
    },
    {
      name: "an unmasked frame behind a masked one",
      sides: ["server"],
      frames: [frame(0x81, hexOf("a")), frame(0x81, hexOf("b"), { masked: false })],
      events: [text("a")],
      fault: "FRAME_NOT_MASKED",
      at: "second",
    },
    {
      name: "a masked empty frame",
      sides: ["server"],
      frames: [frame(0x81), frame(0x89), frame(0x82)],
      events: [text(""), ping(), binary("")],
    },
  ]);
}
