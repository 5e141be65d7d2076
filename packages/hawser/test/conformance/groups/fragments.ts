import { binary, createGroup, frame, ping, pong, text, type VectorPlan } from "../build.js";
import { hexOf } from "../notation.js";
import type { Vector, VectorFrame } from "../vector.js";

const CONTENT = "Hello, world";

/** A message cut behind each of the places given. */
function cutAt(first: number, content: string, places: readonly number[]): VectorFrame[] {
  const ends = [...places, content.length];
  return ends.map((end, at) => {
    const fin = at === ends.length - 1 ? 0x80 : 0;
    return frame(fin | (at === 0 ? first : 0), hexOf(content.slice(places[at - 1] ?? 0, end)));
  });
}

const twoFragments: readonly VectorPlan[] = Array.from({ length: CONTENT.length + 1 }, (_, at) => ({
  name: `text in two fragments of ${at} and ${CONTENT.length - at} bytes`,
  frames: cutAt(0x01, CONTENT, [at]),
  events: [text(CONTENT)],
}));

function equalFragments(bytes: number, count: number): VectorPlan {
  const payload = `(61)*${bytes}`;
  const total = `(61)*${bytes * count}`;
  const middle = frame(0x00, payload, { repeat: count - 2 });
  const frames = [frame(0x02, payload), middle, frame(0x80, payload)];
  return { name: `binary in ${count} fragments of ${bytes} bytes`, frames, events: [binary(total)] };
}

const unexpected = { fault: "CONTINUATION_UNEXPECTED", at: "first" } as const;
const expected = { fault: "CONTINUATION_EXPECTED", at: "first" } as const;

const orders: readonly VectorPlan[] = [
  { name: "a continuation as the first frame", frames: [frame(0x80, hexOf("a"))], ...unexpected },
  { name: "a continuation without FIN as the first frame", frames: [frame(0x00, hexOf("a"))], ...unexpected },
  { name: "an empty continuation as the first frame", frames: [frame(0x80)], ...unexpected },
  {
    name: "a continuation behind a whole message",
    frames: [frame(0x81, hexOf("a")), frame(0x80, hexOf("b"))],
    events: [text("a")],
    ...unexpected,
  },
  {
    name: "a continuation behind a fragmented message",
    frames: [frame(0x01, hexOf("a")), frame(0x80, hexOf("b")), frame(0x80, hexOf("c"))],
    events: [text("ab")],
    ...unexpected,
  },
  {
    name: "a continuation behind a ping that follows a message",
    frames: [frame(0x81, hexOf("a")), frame(0x89), frame(0x00, hexOf("b"))],
    events: [text("a"), ping()],
    ...unexpected,
  },
  { name: "text inside a text", frames: [frame(0x01, hexOf("a")), frame(0x81, hexOf("b"))], ...expected },
  { name: "binary inside a text", frames: [frame(0x01, hexOf("a")), frame(0x82, hexOf("b"))], ...expected },
  { name: "text inside a binary", frames: [frame(0x02, hexOf("a")), frame(0x81, hexOf("b"))], ...expected },
  { name: "a first fragment inside a text", frames: [frame(0x01, hexOf("a")), frame(0x01, hexOf("b"))], ...expected },
  {
    name: "text inside a text behind a ping",
    frames: [frame(0x01, hexOf("a")), frame(0x89), frame(0x81, hexOf("b"))],
    events: [ping()],
    ...expected,
  },
  {
    name: "text behind two fragments of a text",
    frames: [frame(0x01, hexOf("a")), frame(0x00, hexOf("b")), frame(0x81, hexOf("c"))],
    ...expected,
  },
];

export function createFragmentVectors(): Vector[] {
  return createGroup("fragments", [
    ...twoFragments,
    ...orders,
    { name: "text in three empty fragments", frames: cutAt(0x01, "", [0, 0]), events: [text("")] },
    {
      name: "text between empty fragments",
      frames: cutAt(0x01, CONTENT, [0, 0, 5, 5, 12, 12]),
      events: [text(CONTENT)],
    },
    {
      name: "text in fragments of one byte",
      frames: cutAt(
        0x01,
        CONTENT,
        Array.from({ length: CONTENT.length - 1 }, (_, at) => at + 1),
      ),
      events: [text(CONTENT)],
    },
    equalFragments(125, 3),
    equalFragments(126, 3),
    equalFragments(65_535, 3),
    equalFragments(65_536, 3),
    equalFragments(1000, 1000),
    equalFragments(1, 65_537),
    {
      name: "controls between all fragments",
      frames: [
        frame(0x01, hexOf("a")),
        frame(0x89, "01"),
        frame(0x00, hexOf("b")),
        frame(0x8a, "02"),
        frame(0x89, "03"),
        frame(0x00),
        frame(0x8a, "04"),
        frame(0x80, hexOf("c")),
      ],
      events: [ping("01"), pong("02"), ping("03"), pong("04"), text("abc")],
    },
    {
      name: "two fragmented messages behind each other",
      frames: [...cutAt(0x01, "first", [2]), ...cutAt(0x02, "second", [1, 3])],
      events: [text("first"), binary(hexOf("second"))],
    },
    {
      name: "a fragmented and a whole message in turn",
      frames: [...cutAt(0x01, "abc", [1]), frame(0x81, hexOf("d")), ...cutAt(0x01, "ef", [1]), frame(0x82, "00")],
      events: [text("abc"), text("d"), text("ef"), binary("00")],
    },
  ]);
}
