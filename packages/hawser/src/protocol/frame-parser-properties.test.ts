import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { portableBytes } from "../internal/portable-bytes.js";
import type { FrameParserOptions } from "./frame-parser-options.js";
import { FrameParser } from "./frame-parser.js";
import { ParseEvent } from "./parse-event.js";

const base: FrameParserOptions = {
  role: "server",
  mode: "message",
  deflate: true,
  maxMessageBytes: 200_000,
  maxFramesPerMessage: 8,
  maxEmptyFrames: 2,
  allowNonMinimalLengths: false,
  bytes: portableBytes,
};

// half a million faults are made here, and most of their cost would be their stacks
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

interface Event {
  readonly name: string;
  readonly payload: string;
}

function readEvent(parser: FrameParser, event: ParseEvent): Event {
  const payload = Buffer.from(parser.buffer.subarray(parser.start, parser.end)).toString("base64");
  const kind = `${parser.type} ${parser.compressed}`;
  const events: Record<ParseEvent, Event> = {
    [ParseEvent.needMore]: { name: "needMore", payload: "" },
    [ParseEvent.message]: { name: `message ${kind} ${parser.text}`, payload },
    [ParseEvent.begin]: { name: `begin ${kind}`, payload: "" },
    [ParseEvent.piece]: { name: "piece", payload },
    [ParseEvent.end]: { name: "end", payload: "" },
    [ParseEvent.ping]: { name: "ping", payload },
    [ParseEvent.pong]: { name: "pong", payload },
    [ParseEvent.close]: { name: `close ${parser.closeCode} ${parser.closeReason}`, payload: "" },
    [ParseEvent.failed]: { name: `failed ${parser.error?.code}`, payload: "" },
  };
  return events[event];
}

/** The events of `input` cut at the places given, adjacent pieces joined. */
function parseCut(options: FrameParserOptions, input: Uint8Array, cuts: readonly number[]): Event[] {
  const parser = new FrameParser(options);
  const bytes = input.slice();
  const events: Event[] = [];
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let start = 0;
  for (const end of ends) {
    parser.push(bytes, start, end);
    for (let event = parser.next(); event !== ParseEvent.needMore; event = parser.next()) {
      add(events, readEvent(parser, event));
    }
    start = end;
  }
  return events;
}

function add(events: Event[], event: Event): void {
  const last = events.at(-1);
  if (last?.name !== "piece" || event.name !== "piece") {
    events.push(event);
    return;
  }
  const joined = Buffer.concat([Buffer.from(last.payload, "base64"), Buffer.from(event.payload, "base64")]);
  events[events.length - 1] = { name: "piece", payload: joined.toString("base64") };
}

/** A frame by the letter of RFC 6455 §5.2, written anew for the tests. */
function frame(firstByte: number, payload: Uint8Array, key: Uint8Array | undefined): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(payload.length));
  const short = payload.length < 126 ? payload.length : payload.length < 65_536 ? 126 : 127;
  const extended = short < 126 ? [] : short === 126 ? length.subarray(6) : length;
  const masked = payload.map((byte, at) => byte ^ (key?.[at % 4] ?? 0));
  return new Uint8Array([firstByte, short | (key ? 0x80 : 0), ...extended, ...(key ?? []), ...masked]);
}

const sizes = fc.oneof(fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536), fc.nat(300), fc.nat(70_000));
const payloads = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.string({ unit: "binary", maxLength: 300 }).map((text) => new Uint8Array(Buffer.from(text))),
  },
  { weight: 1, arbitrary: sizes.map((size) => new Uint8Array(size).fill(0x61)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
);
const firstBytes = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0x81, 0x82, 0xc1, 0x01, 0x02, 0x42, 0x00, 0x00, 0x80, 0x80, 0x89, 0x8a) },
  { weight: 1, arbitrary: fc.constantFrom(0x88, 0x83, 0xf1, 0x09) },
);
const keys = fc.uint8Array({ minLength: 4, maxLength: 4 });
const frames = fc.array(fc.tuple(firstBytes, payloads, keys), { minLength: 1, maxLength: 6 });
const cuts = fc.array(fc.nat(200_000), { maxLength: 12 });
const modes = fc.constantFrom("message" as const, "stream" as const);
const roles = fc.constantFrom("server" as const, "client" as const);

it("gives the same events wherever the input is cut, for frames good and bad", () => {
  fc.assert(
    fc.property(frames, cuts, modes, roles, (list, places, mode, role) => {
      const options = { ...base, mode, role };
      const parts = list.map(([first, payload, key]) => frame(first, payload, role === "server" ? key : undefined));
      const input = new Uint8Array(Buffer.concat(parts));
      expect(parseCut(options, input, places)).toEqual(parseCut(options, input, []));
    }),
    { numRuns: 400 },
  );
});

it("gives the same events byte by byte as whole, for any bytes at all", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), modes, roles, (input, mode, role) => {
      const options = { ...base, mode, role };
      const everywhere = Array.from(input.keys());
      expect(parseCut(options, input, everywhere)).toEqual(parseCut(options, input, []));
    }),
    { numRuns: 2000 },
  );
});

it.each([0, 1, 125, 126, 127, 65_535, 65_536])(
  "gives back a message of %i bytes, masked, in fragments, wherever it is cut",
  (size) => {
    fc.assert(
      fc.property(keys, fc.nat(size), cuts, fc.integer({ min: 0, max: 255 }), (key, middle, places, salt) => {
        const payload = new Uint8Array(size).map((_, at) => (at * 31 + salt) & 0xff);
        const first = frame(0x02, payload.subarray(0, middle), key);
        const last = frame(0x80, payload.subarray(middle), key);
        const events = parseCut(base, new Uint8Array(Buffer.concat([first, last])), places);
        expect(events).toEqual([
          { name: "message binary false undefined", payload: Buffer.from(payload).toString("base64") },
        ]);
      }),
      { numRuns: 20 },
    );
  },
);

/** What the first two bytes of a frame are refused for, from the standard's tables, in the order that bits come. */
function expectFault(first: number, second: number, options: FrameParserOptions, inside: boolean): string | undefined {
  const opcode = first & 15;
  const dataStart = opcode === 1 || opcode === 2;
  const rsv = (first >> 4) & 7;
  if (rsv !== 0 && !(rsv === 4 && options.deflate && opcode >= 1 && opcode <= 7)) return "RESERVED_BITS_SET";
  if (![0, 1, 2, 8, 9, 10].includes(opcode)) return "OPCODE_RESERVED";
  if (opcode >= 8 && first < 128) return "CONTROL_FRAME_FRAGMENTED";
  if (opcode === 0 && !inside) return "CONTINUATION_UNEXPECTED";
  if (dataStart && inside) return "CONTINUATION_EXPECTED";
  if (options.role === "server" && second < 128) return "FRAME_NOT_MASKED";
  if (options.role === "client" && second >= 128) return "FRAME_MASKED";
  if (opcode >= 8 && second % 128 > 125) return "CONTROL_FRAME_TOO_LONG";
  return opcode === 8 && second % 128 === 1 ? "CLOSE_PAYLOAD_INVALID" : undefined;
}

function findFault(first: number, second: number, options: FrameParserOptions, inside: boolean): string | undefined {
  const parser = new FrameParser(options);
  if (inside) {
    const start = frame(0x02, new Uint8Array(1), options.role === "server" ? new Uint8Array(4) : undefined);
    parser.push(start, 0, start.length);
    parser.next();
  }
  parser.push(new Uint8Array([first, second]), 0, 2);
  return parser.next() === ParseEvent.failed ? parser.error?.code : undefined;
}

const headers = Array.from({ length: 65_536 }, (_, at) => [at >> 8, at & 255] as const);

it.each([
  ["server", false, false],
  ["server", false, true],
  ["server", true, false],
  ["server", true, true],
  ["client", false, false],
  ["client", false, true],
  ["client", true, false],
  ["client", true, true],
] as const)(
  "REL-A5 judges all 65,536 first two bytes as the standard: %s, deflate %s, inside a message %s",
  (role, deflate, inside) => {
    const options = { ...base, role, deflate };
    const wrong = headers.filter(([first, second]) => {
      return findFault(first, second, options, inside) !== expectFault(first, second, options, inside);
    });

    expect(wrong).toEqual([]);
  },
);

it("REL-A24 takes 1000-1003, 1007-1014 and 3000-4999 of all 65,536 codes", () => {
  const taken = Array.from({ length: 65_536 }, (_, code) => code).filter((code) => {
    const parser = new FrameParser({ ...base, role: "client" });
    parser.push(new Uint8Array([0x88, 2, code >> 8, code & 0xff]), 0, 4);
    return parser.next() === ParseEvent.close && parser.closeCode === code;
  });

  expect(taken.slice(0, 12)).toEqual([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]);
  expect(taken.slice(12)).toEqual(Array.from({ length: 2000 }, (_, at) => 3000 + at));
});
