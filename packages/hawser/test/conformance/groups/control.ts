import { close, createGroup, frame, ping, pong, text, type VectorPlan } from "../build.js";
import { hexOf } from "../notation.js";
import type { Vector } from "../vector.js";

const SIZES = [0, 1, 2, 4, 8, 124, 125];
const KINDS = [
  [0x8, "close"],
  [0x9, "ping"],
  [0xa, "pong"],
] as const;

function whole(size: number): VectorPlan[] {
  const payload = size === 0 ? "" : `(fe)*${size}`;
  return [
    { name: `ping of ${size} bytes`, frames: [frame(0x89, payload)], events: [ping(payload)] },
    { name: `pong of ${size} bytes that nobody asked for`, frames: [frame(0x8a, payload)], events: [pong(payload)] },
  ];
}

function tooLong([opcode, kind]: (typeof KINDS)[number]): VectorPlan[] {
  const fault = { fault: "CONTROL_FRAME_TOO_LONG", at: "second" } as const;
  const first = 0x80 | opcode;
  return [
    { name: `${kind} of 126 bytes`, frames: [frame(first, "(03)*126")], ...fault },
    { name: `${kind} of 65536 bytes`, frames: [frame(first, "(03)*65536")], ...fault },
    {
      name: `${kind} of 5 bytes with its length in 16 bits`,
      frames: [frame(first, "(03)*5", { lengthBits: 16 })],
      ...fault,
    },
    { name: `${kind} that announces 2^63 bytes`, frames: [frame(first, "", { length: String(2n ** 63n) })], ...fault },
    {
      name: `${kind} of 126 bytes inside a message`,
      frames: [frame(0x01, hexOf("a")), frame(first, "(03)*126")],
      ...fault,
    },
  ];
}

function fragmented([opcode, kind]: (typeof KINDS)[number]): VectorPlan[] {
  const fault = { fault: "CONTROL_FRAME_FRAGMENTED", at: "first" } as const;
  return [
    { name: `${kind} without FIN`, frames: [frame(opcode, "03e8")], ...fault },
    { name: `${kind} in two fragments`, frames: [frame(opcode, "03e8"), frame(0x80, "03")], frame: 0, ...fault },
    { name: `${kind} without FIN inside a message`, frames: [frame(0x01, "61"), frame(opcode, "03e8")], ...fault },
  ];
}

export function createControlVectors(): Vector[] {
  return createGroup("control", [
    ...SIZES.flatMap(whole),
    ...KINDS.flatMap(tooLong),
    ...KINDS.flatMap(fragmented),
    {
      name: "ten pings, each with another payload",
      frames: Array.from({ length: 10 }, (_, at) => frame(0x89, hexOf(`ping ${at}`))),
      events: Array.from({ length: 10 }, (_, at) => ping(hexOf(`ping ${at}`))),
    },
    {
      name: "a ping and a pong between messages",
      frames: [frame(0x81, hexOf("a")), frame(0x89, hexOf("p")), frame(0x81, hexOf("b")), frame(0x8a, hexOf("q"))],
      events: [text("a"), ping(hexOf("p")), text("b"), pong(hexOf("q"))],
    },
    {
      name: "a ping between two fragments",
      frames: [frame(0x01, hexOf("a")), frame(0x89, hexOf("p")), frame(0x80, hexOf("b"))],
      events: [ping(hexOf("p")), text("ab")],
    },
    {
      name: "a pong between two fragments",
      frames: [frame(0x01, hexOf("a")), frame(0x8a, hexOf("p")), frame(0x80, hexOf("b"))],
      events: [pong(hexOf("p")), text("ab")],
    },
    {
      name: "empty controls between empty fragments",
      frames: [frame(0x01), frame(0x89), frame(0x00), frame(0x8a), frame(0x80)],
      events: [ping(), pong(), text("")],
    },
    {
      name: "a hundred pings inside a message",
      frames: [frame(0x01, "61"), frame(0x89, "(70)*125", { repeat: 100 }), frame(0x80, "62")],
      events: [...Array.from({ length: 100 }, () => ping("(70)*125")), text("ab")],
    },
    {
      name: "a close between two fragments drops the message",
      frames: [frame(0x01, hexOf("a")), frame(0x88, "03e8")],
      ignored: [frame(0x80, hexOf("b"))],
      events: [close(1000)],
    },
    {
      name: "a ping whose payload is not UTF-8",
      frames: [frame(0x89, "c080ff")],
      events: [ping("c080ff")],
    },
  ]);
}
