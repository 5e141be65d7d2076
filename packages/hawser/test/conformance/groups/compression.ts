import { constants, deflateRawSync } from "node:zlib";
import { binary, close, closePayload, createGroup, frame, ping, text, type VectorPlan } from "../build.js";
import { expandBytes, hexOf } from "../notation.js";
import type { Vector, VectorEvent, VectorFrame } from "../vector.js";

type Deflate = NonNullable<Vector["deflate"]>;

const PLAIN: Deflate = { windowBits: 15, takeover: false };
const TAKEOVER: Deflate = { windowBits: 15, takeover: true };
const HELLO = "f248cdc9c90700";

/** What a sender makes of a message (RFC 7692 §7.2.1), by zlib's documented functions; `before` is what the window holds. */
function compress(content: Uint8Array, windowBits: number, before: Uint8Array = Buffer.alloc(0)): string {
  const options = { windowBits, finishFlush: constants.Z_SYNC_FLUSH };
  const dictionary = before.subarray(-(2 ** windowBits));
  const whole = deflateRawSync(content, dictionary.length > 0 ? { ...options, dictionary } : options);
  return hexOf(whole.subarray(0, -4));
}

/** The messages as one sender would send them, its window kept or not. */
function compressAll(contents: readonly string[], { windowBits, takeover }: Deflate, first = 0xc2): VectorFrame[] {
  let window = Buffer.alloc(0);
  return contents.map((content) => {
    const bytes = expandBytes(content);
    const payload = compress(bytes, windowBits, window);
    if (takeover) window = Buffer.concat([window, bytes]).subarray(-(2 ** 15));
    return frame(first, payload);
  });
}

/** Content whose second half matches the first at a distance that just fits the window. */
function fillWindow(windowBits: number): string {
  const distance = windowBits === 8 ? 200 : 2 ** windowBits - 300;
  return `text(${windowBits},${distance}) text(${windowBits},${distance})`;
}

function windowPlan(windowBits: number, takeover: boolean): VectorPlan {
  const deflate = { windowBits, takeover };
  const contents = [fillWindow(windowBits), hexOf("Hello"), fillWindow(windowBits), "", hexOf("Hello")];
  return {
    name: `a window of ${windowBits} bits, ${takeover ? "kept" : "not kept"}`,
    deflate,
    frames: compressAll(contents, deflate),
    events: contents.map(binary),
  };
}

const SIZES = [0, 1, 2, 125, 126, 127, 1000, 65_535, 65_536, 1_048_576, 16_777_216];

function sizePlan(size: number): VectorPlan {
  const content = size === 0 ? "" : `(2a)*${size}`;
  return {
    name: `a text of ${size} bytes`,
    deflate: PLAIN,
    frames: compressAll([content], PLAIN, 0xc1),
    events: [{ type: "text", payload: content }],
  };
}

/** A compressed message in frames of `size` bytes, with what is given between the frames. */
function fragmented(payload: string, size: number, between: readonly VectorFrame[] = []): VectorFrame[] {
  const bytes = expandBytes(payload);
  const frames: VectorFrame[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const fin = at + size >= bytes.length ? 0x80 : 0;
    frames.push(frame(fin | (at === 0 ? 0x41 : 0), hexOf(bytes.subarray(at, at + size))));
    if (fin === 0) frames.push(...between);
  }
  return frames;
}

/** Payloads that all mean "Hello". */
const HELLOS = [
  ["one block (RFC 7692 §7.2.3.1)", HELLO],
  ["a stored block (§7.2.3.3)", "000500faff48656c6c6f00"],
  ["a final block (§7.2.3.4)", "f348cdc9c9070000"],
  ["two blocks (§7.2.3.5)", "f248050000 00ffffcac9c90700"],
  ["two stored blocks", "000200fdff4865 000300fcff6c6c6f 00"],
  ["an empty stored block in front", "000000ffff f248cdc9c90700"],
  ["a final block and nothing behind it", "f348cdc9c90700"],
] as const;

/** Payloads that end too early. With the window kept zlib cannot tell, as what comes next may go on with it. */
const CUT_SHORT = [
  ["no payload at all", ""],
  ["a message cut inside a block", "f248cdc9"],
  ["a stored block of which more is missing than the tail has", "0064009bff4865"],
] as const;

/** Payloads that mean nothing. */
const CORRUPT = [
  ["a reserved block type", "0700"],
  ["a stored block whose lengths disagree", "000500000048"],
  ["a distance in front of the message", "f200110000"],
  ["a stored block cut short", "000500faff4865"],
  ["bytes of ff", "(ff)*20"],
  ["a length code that does not exist", "1bff"],
] as const;

const corrupt = { fault: "COMPRESSED_DATA_INVALID" } as const;

function bombs(): VectorPlan[] {
  const zeros = compress(Buffer.alloc(1_000_000), 15);
  const limits = { maxMessageBytes: 999_999 };
  const content = "(00)*1000000";
  return [
    { name: "a bomb, inflated one byte over the limit", deflate: PLAIN, limits, frames: [frame(0xc2, zeros)] },
    { name: "a bomb with the window kept", deflate: TAKEOVER, limits, frames: [frame(0xc2, zeros)] },
    { name: "a bomb in fragments", deflate: PLAIN, limits, frames: fragmented(zeros, 100) },
    { name: "1029 to 1", deflate: PLAIN, frames: [frame(0xc2, compress(Buffer.alloc(64 * 1024 * 1024), 15))] },
    {
      name: "small, but over the limit of 10",
      deflate: PLAIN,
      limits: { maxMessageBytes: 10 },
      frames: [frame(0xc2, compress(Buffer.alloc(11), 15))],
    },
    {
      name: "fault in the size: the limit is not the payload's",
      deflate: PLAIN,
      limits: { maxMessageBytes: 4 },
      frames: [frame(0xc1, HELLO)],
    },
  ]
    .map((plan): VectorPlan => ({ ...plan, fault: "MESSAGE_TOO_BIG" }))
    .concat([
      {
        name: "as many bytes as the limit has",
        deflate: PLAIN,
        limits: { maxMessageBytes: 1_000_000 },
        frames: [frame(0xc2, zeros)],
        events: [binary(content)],
      },
    ]);
}

const mixed: readonly VectorPlan[] = [
  {
    name: "an empty message, 00 (RFC 7692 §7.2.3.6)",
    deflate: PLAIN,
    frames: [frame(0xc1, "00"), frame(0xc2, "00")],
    events: [text(""), binary("")],
  },
  {
    name: "the window kept (§7.2.3.2)",
    deflate: TAKEOVER,
    frames: [frame(0xc1, HELLO), frame(0xc1, "f200110000")],
    events: [text("Hello"), text("Hello")],
  },
  {
    name: "the window kept across an uncompressed message",
    deflate: TAKEOVER,
    frames: [frame(0xc1, HELLO), frame(0x81, hexOf("plain")), frame(0xc1, "f200110000")],
    events: [text("Hello"), text("plain"), text("Hello")],
  },
  {
    name: "compressed and uncompressed messages in turn",
    deflate: PLAIN,
    frames: [frame(0x81, hexOf("a")), frame(0xc1, HELLO), frame(0x82, "00ff"), frame(0xc1, HELLO), frame(0x81)],
    events: [text("a"), text("Hello"), binary("00ff"), text("Hello"), text("")],
  },
  {
    name: "uncompressed fragments while deflate is negotiated",
    deflate: PLAIN,
    frames: [frame(0x01, hexOf("a")), frame(0x80, hexOf("b"))],
    events: [text("ab")],
  },
  {
    name: "a ping between compressed fragments",
    deflate: PLAIN,
    frames: fragmented(HELLO, 3, [frame(0x89, "70")]),
    events: [ping("70"), ping("70"), text("Hello")],
  },
  { name: "compressed fragments of one byte", deflate: PLAIN, frames: fragmented(HELLO, 1), events: [text("Hello")] },
  {
    name: "compressed, then an empty last fragment",
    deflate: PLAIN,
    frames: [frame(0x41, HELLO), frame(0x80)],
    events: [text("Hello")],
  },
  {
    name: "an empty first fragment of a compressed message",
    deflate: PLAIN,
    frames: [frame(0x41), frame(0x80, HELLO)],
    events: [text("Hello")],
  },
  {
    name: "a close between compressed fragments",
    deflate: PLAIN,
    frames: [frame(0x41, "f248"), frame(0x88, closePayload(1000))],
    ignored: [frame(0x80, "cdc9c90700")],
    events: [close(1000)],
  },
  {
    name: "compressed text that is not UTF-8",
    deflate: PLAIN,
    frames: compressAll(["c080"], PLAIN, 0xc1),
    fault: "UTF8_INVALID",
  },
  {
    name: "compressed text that ends inside a code point",
    deflate: PLAIN,
    frames: compressAll([hexOf("a"), "61e282"], PLAIN, 0xc1),
    events: [text("a")],
    fault: "UTF8_INVALID",
  },
  {
    name: "compressed text, cut inside code points by its frames",
    deflate: PLAIN,
    frames: fragmented(compress(Buffer.from("aé€😀z"), 15), 1),
    events: [text("aé€😀z")],
  },
  {
    name: "a compressed message that needs an earlier one's window, which is not kept",
    deflate: PLAIN,
    frames: [frame(0xc1, HELLO), frame(0xc1, "f200110000")],
    events: [text("Hello")],
    ...corrupt,
  },
  {
    name: "RSV1 on the continuation of a compressed message",
    deflate: PLAIN,
    frames: [frame(0x41, "f248"), frame(0xc0, "cdc9c90700")],
    fault: "RESERVED_BITS_SET",
    at: "first",
  },
  {
    name: "a compressed message inside a fragmented one",
    deflate: PLAIN,
    frames: [frame(0x01, hexOf("a")), frame(0xc1, HELLO)],
    fault: "CONTINUATION_EXPECTED",
    at: "first",
  },
];

function noisePlan(deflate: Deflate): VectorPlan {
  // what cannot be compressed becomes longer than it is
  const content = hexOf(Uint8Array.from({ length: 2000 }, (_, at) => (at * at * 31 + (at >>> 3) * 97) & 0xff));
  const events: VectorEvent[] = [binary(content), binary(content)];
  return {
    name: `noise, ${deflate.takeover ? "window kept" : "window not kept"}`,
    deflate,
    frames: compressAll([content, content], deflate),
    events,
  };
}

export function createCompressionVectors(): Vector[] {
  const windows = [8, 9, 10, 11, 12, 13, 14, 15];
  return createGroup("compression", [
    ...HELLOS.map(([name, payload]): VectorPlan => {
      return { name, deflate: PLAIN, frames: [frame(0xc1, payload.replaceAll(" ", ""))], events: [text("Hello")] };
    }),
    ...mixed,
    ...windows.flatMap((bits) => [windowPlan(bits, false), windowPlan(bits, true)]),
    ...SIZES.map(sizePlan),
    ...[...CUT_SHORT, ...CORRUPT].map(([name, payload]): VectorPlan => {
      return { name: `corrupt: ${name}`, deflate: PLAIN, frames: [frame(0xc2, payload)], ...corrupt };
    }),
    ...CORRUPT.map(([name, payload]): VectorPlan => {
      const frames = [frame(0xc1, HELLO), frame(0xc2, payload)];
      // with the window kept, a distance may reach into the message before
      const legal = payload === "f200110000";
      const outcome = legal
        ? { events: [text("Hello"), binary(hexOf("Hello"))] }
        : { events: [text("Hello")], ...corrupt };
      return { name: `corrupt, window kept: ${name}`, deflate: TAKEOVER, frames, ...outcome };
    }),
    ...bombs(),
    noisePlan(PLAIN),
    noisePlan(TAKEOVER),
  ]);
}
