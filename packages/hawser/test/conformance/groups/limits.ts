import { binary, createGroup, frame, ping, text, type VectorPlan } from "../build.js";
import { hexOf } from "../notation.js";
import type { Vector, VectorFrame } from "../vector.js";

const tooBig = { fault: "MESSAGE_TOO_BIG", at: "header" } as const;
const tooMany = { fault: "TOO_MANY_FRAMES", at: "header" } as const;
const tooEmpty = { fault: "TOO_MANY_EMPTY_FRAMES", at: "header" } as const;

function sizeLimit(maxMessageBytes: number): VectorPlan[] {
  const limits = { maxMessageBytes };
  const full = `(61)*${maxMessageBytes}`;
  const half = Math.floor(maxMessageBytes / 2);
  const over = frame(0x82, `(61)*${maxMessageBytes + 1}`);
  return [
    {
      name: `a limit of ${maxMessageBytes}: as many bytes`,
      limits,
      frames: [frame(0x82, full)],
      events: [binary(full)],
    },
    { name: `a limit of ${maxMessageBytes}: one byte more`, limits, frames: [over], ...tooBig },
    {
      name: `a limit of ${maxMessageBytes}: one byte more, only announced`,
      limits,
      frames: [frame(0x81, "", { length: String(maxMessageBytes + 1) })],
      ...tooBig,
    },
    {
      name: `a limit of ${maxMessageBytes}: reached by fragments`,
      limits,
      frames: fragments(half, maxMessageBytes - half, 0),
      events: [binary(full)],
    },
    {
      name: `a limit of ${maxMessageBytes}: passed by the third fragment`,
      limits,
      frames: fragments(half, maxMessageBytes - half, 1),
      ...tooBig,
    },
    {
      name: `a limit of ${maxMessageBytes}: each message counts alone`,
      limits,
      frames: [frame(0x82, full), frame(0x89, "00"), frame(0x82, full)],
      events: [binary(full), ping("00"), binary(full)],
    },
  ];
}

function fragments(...sizes: readonly [number, number, number]): VectorFrame[] {
  return sizes.map((size, at) => frame([0x02, 0x00, 0x80][at] ?? 0, size === 0 ? "" : `(61)*${size}`));
}

function parts(count: number, payload: string): VectorFrame[] {
  return Array.from({ length: count }, (_, at) => frame(at === 0 ? 0x01 : 0x00, payload));
}

const frameLimits: readonly VectorPlan[] = [
  {
    name: "3 frames of 3",
    limits: { maxFramesPerMessage: 3 },
    frames: [...parts(2, "61"), frame(0x80, "61")],
    events: [text("aaa")],
  },
  {
    name: "the fourth frame of 3",
    limits: { maxFramesPerMessage: 3 },
    frames: [...parts(3, "61"), frame(0x80, "61")],
    ...tooMany,
  },
  {
    name: "controls are no frames of the message",
    limits: { maxFramesPerMessage: 2 },
    frames: [frame(0x01, "61"), frame(0x89), frame(0x89), frame(0x89), frame(0x80, "62")],
    events: [ping(), ping(), ping(), text("ab")],
  },
  {
    name: "one frame of 1",
    limits: { maxFramesPerMessage: 1 },
    frames: [frame(0x81, "61"), frame(0x82, "62")],
    events: [text("a"), binary("62")],
  },
  { name: "the second frame of 1", limits: { maxFramesPerMessage: 1 }, frames: [frame(0x01), frame(0x80)], ...tooMany },
  {
    name: "empty frames count as frames",
    limits: { maxFramesPerMessage: 4 },
    frames: [...parts(4, ""), frame(0x80)],
    ...tooMany,
  },
  {
    name: "as many empty frames in a row as allowed",
    limits: { maxEmptyFrames: 2 },
    frames: [frame(0x01), frame(0x00), frame(0x00, "61"), frame(0x00), frame(0x80)],
    events: [text("a")],
  },
  {
    name: "one empty frame in a row too many",
    limits: { maxEmptyFrames: 2 },
    frames: [frame(0x01, "61"), frame(0x00), frame(0x00), frame(0x00)],
    ...tooEmpty,
  },
  {
    name: "a last empty frame counts",
    limits: { maxEmptyFrames: 2 },
    frames: [frame(0x01), frame(0x00), frame(0x80)],
    ...tooEmpty,
  },
  {
    name: "controls do not hide empty frames",
    limits: { maxEmptyFrames: 1 },
    frames: [frame(0x01, "61"), frame(0x00), frame(0x89, "70"), frame(0x00)],
    events: [ping("70")],
    ...tooEmpty,
  },
  {
    name: "empty messages are no empty frames in a row",
    limits: { maxEmptyFrames: 1 },
    frames: [frame(0x81), frame(0x81), frame(0x82), frame(0x81)],
    events: [text(""), text(""), binary(""), text("")],
  },
  {
    name: "1025 empty frames in a row by default",
    frames: [frame(0x01, "61"), frame(0x00, "", { repeat: 1024 }), frame(0x00)],
    ...tooEmpty,
  },
  {
    name: "131073 frames by default",
    frames: [frame(0x01, "61"), frame(0x00, "61", { repeat: 131_071 }), frame(0x00, "61")],
    ...tooMany,
  },
];

export function createLimitVectors(): Vector[] {
  return createGroup("limits", [
    ...[1, 125, 126, 1000, 65_535, 65_536].flatMap(sizeLimit),
    ...frameLimits,
    {
      name: "a limit of 16 MiB: one byte more, only announced",
      frames: [frame(0x82, "", { length: "16777217" })],
      ...tooBig,
    },
    {
      name: "a limit of 10: a message, then one too long",
      limits: { maxMessageBytes: 10 },
      frames: [frame(0x81, hexOf("Hello")), frame(0x81, hexOf("Hello, world"))],
      events: [text("Hello")],
      ...tooBig,
    },
    {
      name: "a limit of 10: does not hold for controls",
      limits: { maxMessageBytes: 10 },
      frames: [frame(0x89, "(70)*125")],
      events: [ping("(70)*125")],
    },
    {
      name: "a limit of 10: 2^32 + 5 is not 5",
      limits: { maxMessageBytes: 10 },
      frames: [frame(0x82, "(61)*5", { length: String(2n ** 32n + 5n) })],
      ...tooBig,
    },
    {
      name: "a limit of 10: fragments of 6 and 2^53 - 1 bytes",
      limits: { maxMessageBytes: 10 },
      frames: [frame(0x02, "(61)*6"), frame(0x80, "", { length: String(2n ** 53n - 1n) })],
      ...tooBig,
    },
  ]);
}
