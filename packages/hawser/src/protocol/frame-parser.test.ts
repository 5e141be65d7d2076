import { describe, expect, it } from "vitest";
import type { ByteOperations } from "../internal/bytes.js";
import { portableBytes } from "../internal/portable-bytes.js";
import type { FrameParserOptions } from "./frame-parser-options.js";
import { FrameParser } from "./frame-parser.js";
import { ParseEvent } from "./parse-event.js";

const server: FrameParserOptions = {
  role: "server",
  mode: "message",
  deflate: false,
  maxMessageBytes: 1024 * 1024,
  maxFramesPerMessage: 131_072,
  maxEmptyFrames: 1024,
  allowNonMinimalLengths: false,
  bytes: portableBytes,
};
// most frames are written for a client's parser, as they can be read without their mask
const client: FrameParserOptions = { ...server, role: "client" };
const stream: FrameParserOptions = { ...client, mode: "stream" };
const deflating: FrameParserOptions = { ...client, deflate: true };

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

function toHex(buffer: Uint8Array, start: number, end: number): string {
  return Buffer.from(buffer.subarray(start, end)).toString("hex");
}

/** The parser's last event as a line. */
function describeEvent(parser: FrameParser, event: ParseEvent): string {
  const payload = toHex(parser.buffer, parser.start, parser.end);
  const kind = `${parser.type}${parser.compressed ? " compressed" : ""}`;
  const lines: Record<ParseEvent, string> = {
    [ParseEvent.needMore]: "needMore",
    [ParseEvent.message]: parser.text === undefined ? `message ${kind} ${payload}` : `message ${kind} "${parser.text}"`,
    [ParseEvent.begin]: `begin ${kind}`,
    [ParseEvent.piece]: `piece ${payload}`,
    [ParseEvent.end]: "end",
    [ParseEvent.ping]: `ping ${payload}`,
    [ParseEvent.pong]: `pong ${payload}`,
    [ParseEvent.close]: `close ${parser.closeCode} "${parser.closeReason}"`,
    [ParseEvent.failed]: `failed ${parser.error?.code} ${parser.error?.closeCode}`,
  };
  return lines[event];
}

/** All events up to needMore. */
function drain(parser: FrameParser): string[] {
  const events: string[] = [];
  for (let event = parser.next(); event !== ParseEvent.needMore; event = parser.next()) {
    events.push(describeEvent(parser, event));
  }
  return events;
}

function feed(parser: FrameParser, hex: string): string[] {
  const bytes = fromHex(hex);
  parser.push(bytes, 0, bytes.length);
  return drain(parser);
}

function parse(options: FrameParserOptions, hex: string): string[] {
  return feed(new FrameParser(options), hex);
}

function parseByteByByte(options: FrameParserOptions, hex: string): string[] {
  const parser = new FrameParser(options);
  const bytes = fromHex(hex);
  return Array.from(bytes.keys()).flatMap((at) => {
    parser.push(bytes, at, at + 1);
    return drain(parser);
  });
}

/** Byte operations that count what they allocate and copy. */
function countingBytes(): ByteOperations & { allocated: number; copied: number } {
  return {
    ...portableBytes,
    allocated: 0,
    copied: 0,
    allocate(bytes) {
      this.allocated += bytes;
      return portableBytes.allocate(bytes);
    },
    copy(source, start, end, target, offset) {
      this.copied += end - start;
      portableBytes.copy(source, start, end, target, offset);
    },
  };
}

describe("messages", () => {
  it.each([
    ["an unmasked text (RFC 6455 §5.7)", client, "81 05 48656c6c6f", ['message text "Hello"']],
    ["a masked text (RFC 6455 §5.7)", server, "81 85 37fa213d 7f9f4d5158", ['message text "Hello"']],
    ["a fragmented text (RFC 6455 §5.7)", client, "01 03 48656c 80 02 6c6f", ['message text "Hello"']],
    ["a binary message", client, "82 03 0001ff", ["message binary 0001ff"]],
    ["a masked binary message", server, "82 83 01020304 0103fe", ["message binary 0001fd"]],
    ["an empty text", client, "81 00", ['message text ""']],
    ["an empty masked binary message", server, "82 80 37fa213d", ["message binary "]],
    ["two messages in one read", client, "81 01 61 82 01 62", ['message text "a"', "message binary 62"]],
    ["a byte order mark, kept (REL-A22)", client, "81 03 efbbbf", ['message text "\ufeff"']],
    ["fragments that are empty", client, "02 00 00 00 80 00", ["message binary "]],
    ["an empty fragment before the whole", client, "01 00 80 02 c3a4", ['message text "ä"']],
    ["a text cut inside a code point", client, "01 01 c3 80 01 a4", ['message text "ä"']],
    ["a compressed text, raw", deflating, "c1 03 aabbcc", ["message text compressed aabbcc"]],
    ["a compressed message in fragments", deflating, "42 01 aa 80 01 bb", ["message binary compressed aabb"]],
    ["an uncompressed text where deflate was negotiated", deflating, "81 01 61", ['message text "a"']],
    [
      "control frames inside a message",
      client,
      "01 01 61 89 01 01 8a 01 02 80 01 62",
      ["ping 01", "pong 02", 'message text "ab"'],
    ],
    ["two control frames of unlike length", client, "89 02 0102 8a 01 03", ["ping 0102", "pong 03"]],
    ["a masked ping", server, "89 82 01020304 0507", ["ping 0405"]],
    ["an empty ping", client, "89 00", ["ping "]],
  ])("gives %s, whole and byte by byte", (_, options, hex, events) => {
    expect(parse(options, hex)).toEqual(events);
    expect(parseByteByByte(options, hex)).toEqual(events);
  });

  it("gives a message of each length form (125, 126, 65535, 65536 bytes)", () => {
    expect(parse(client, `82 7d ${"61".repeat(125)}`)).toEqual([`message binary ${"61".repeat(125)}`]);
    expect(parse(client, `82 7e 007e ${"61".repeat(126)}`)).toEqual([`message binary ${"61".repeat(126)}`]);
    expect(parse(client, `82 7e ffff ${"61".repeat(65535)}`)).toEqual([`message binary ${"61".repeat(65535)}`]);
    expect(parse(client, `82 7f 0000000000010000 ${"61".repeat(65536)}`)).toEqual([
      `message binary ${"61".repeat(65536)}`,
    ]);
    expect(parse(server, `82 fe 007e 00000000 ${"61".repeat(126)}`)).toEqual([`message binary ${"61".repeat(126)}`]);
  });

  it("lends a whole message from the bytes pushed, and gives one that reads cut as memory of its own", () => {
    const parser = new FrameParser(client);
    const bytes = fromHex("82 02 0102 82 02 0304");

    parser.push(bytes, 0, 7);
    parser.next();
    const lent = { buffer: parser.buffer, start: parser.start, end: parser.end, owned: parser.owned };
    parser.next();
    parser.push(bytes, 7, 8);
    parser.next();

    expect(lent).toEqual({ buffer: bytes, start: 2, end: 4, owned: false });
    expect(parser.owned).toBe(true);
    expect(parser.buffer).not.toBe(bytes);
    expect(toHex(parser.buffer, parser.start, parser.end)).toBe("0304");
  });

  it("takes no rest of a header for a frame, though it looks like a whole one", () => {
    const parser = new FrameParser(server);

    const first = feed(parser, "82");
    const second = feed(parser, "81 80010203 e0");

    expect([first, second]).toEqual([[], ["message binary 60"]]);
  });

  it("holds on to no message after needMore", () => {
    const parser = new FrameParser(client);

    feed(parser, "81 02 6162");

    expect(parser.buffer).toHaveLength(0);
    expect(parser.text).toBeUndefined();
  });

  it("says whether it is inside a message", () => {
    const parser = new FrameParser(client);

    const before = parser.insideMessage;
    feed(parser, "02 01 61");
    const inside = parser.insideMessage;
    feed(parser, "80 00");

    expect([before, inside, parser.insideMessage]).toEqual([false, true, false]);
  });
});

describe("faults", () => {
  it.each([
    ["REL-A1 a client's frame without a mask", server, "82 01", "FRAME_NOT_MASKED 1002"],
    ["REL-A2 a server's masked frame", client, "82 81", "FRAME_MASKED 1002"],
    ["REL-A3 RSV1 where nothing was negotiated", client, "c1", "RESERVED_BITS_SET 1002"],
    ["REL-A4 RSV2", deflating, "a1", "RESERVED_BITS_SET 1002"],
    ["REL-A4 RSV3", deflating, "91", "RESERVED_BITS_SET 1002"],
    ["REL-A4 RSV1 on a control frame", deflating, "c9", "RESERVED_BITS_SET 1002"],
    ["REL-A4 RSV1 on a continuation", deflating, "42 01 61 c0", "RESERVED_BITS_SET 1002"],
    ["REL-A5 opcode 3", client, "83", "OPCODE_RESERVED 1002"],
    ["REL-A5 opcode 7", client, "87", "OPCODE_RESERVED 1002"],
    ["REL-A5 opcode B", client, "8b", "OPCODE_RESERVED 1002"],
    ["REL-A5 opcode F", client, "8f", "OPCODE_RESERVED 1002"],
    ["REL-A6 a fragmented ping", client, "09", "CONTROL_FRAME_FRAGMENTED 1002"],
    ["REL-A6 a fragmented close", client, "08", "CONTROL_FRAME_FRAGMENTED 1002"],
    ["REL-A7 a ping of 126 bytes, on its header", client, "89 7e", "CONTROL_FRAME_TOO_LONG 1002"],
    ["REL-A7 a close of 64-bit length, on its header", client, "88 7f", "CONTROL_FRAME_TOO_LONG 1002"],
    ["REL-A8 a continuation of nothing", client, "80", "CONTINUATION_UNEXPECTED 1002"],
    ["REL-A8 a continuation after a whole message", client, "02 01 61 80 01 62 80", "CONTINUATION_UNEXPECTED 1002"],
    ["REL-A8 a text inside a message", client, "01 01 61 81", "CONTINUATION_EXPECTED 1002"],
    ["REL-A11 5 bytes as a 16-bit length", client, "82 7e 0005", "LENGTH_NOT_MINIMAL 1002"],
    [
      "REL-A11 125 bytes as a 16-bit length, with payload",
      server,
      `82 fe 007d 00000000 ${"61".repeat(125)}`,
      "LENGTH_NOT_MINIMAL 1002",
    ],
    ["REL-A11 65535 bytes as a 64-bit length", client, "82 7f 000000000000ffff", "LENGTH_NOT_MINIMAL 1002"],
    ["REL-A9 2^63", client, "82 7f 80", "LENGTH_INVALID 1002"],
    ["REL-A9 2^64-1", client, "82 7f ffffffffffffffff", "LENGTH_INVALID 1002"],
    ["REL-A9 2^31-1", client, "82 7f 000000007fffffff", "MESSAGE_TOO_BIG 1009"],
    ["REL-A9 2^31", client, "82 7f 0000000080000000", "MESSAGE_TOO_BIG 1009"],
    ["REL-A9 2^32", client, "82 7f 0000000100000000", "MESSAGE_TOO_BIG 1009"],
    ["REL-A9 2^53-1", client, "82 7f 001fffffffffffff", "MESSAGE_TOO_BIG 1009"],
    ["REL-A9 2^53", client, "82 7f 0020000000000000", "MESSAGE_TOO_BIG 1009"],
    ["REL-A9 2^63-1", client, "82 7f 7fffffffffffffff", "MESSAGE_TOO_BIG 1009"],
    [
      "REL-A10 2^31 without a limit",
      { ...client, maxMessageBytes: Infinity },
      "82 7f 0000000080000000",
      "MESSAGE_TOO_BIG 1009",
    ],
    ["REL-A10 2^53 in a stream, where it cannot be counted", stream, "82 7f 0020000000000000", "MESSAGE_TOO_BIG 1009"],
    [
      "REL-A15 fragments that together pass the limit",
      { ...client, maxMessageBytes: 4 },
      "02 03 616161 00 02",
      "MESSAGE_TOO_BIG 1009",
    ],
    ["a message above the limit", { ...client, maxMessageBytes: 4 }, "82 05 6161616161", "MESSAGE_TOO_BIG 1009"],
    [
      "REL-A13 more frames than allowed",
      { ...client, maxFramesPerMessage: 3 },
      "02 01 61 00 01 61 00 01 61 00 01",
      "TOO_MANY_FRAMES 1008",
    ],
    [
      "REL-A14 more empty frames in a row than allowed",
      { ...client, maxEmptyFrames: 2 },
      "02 00 00 00 00 00",
      "TOO_MANY_EMPTY_FRAMES 1008",
    ],
    [
      "REL-A14 empty frames counted for the frame limit",
      { ...client, maxFramesPerMessage: 2 },
      "02 00 00 00 00 00",
      "TOO_MANY_FRAMES 1008",
    ],
    ["REL-A21 invalid UTF-8 in one frame", client, "81 02 c328", "UTF8_INVALID 1007"],
    ["REL-A21 invalid UTF-8 across fragments", client, "01 01 c3 00 01 28", "UTF8_INVALID 1007"],
    ["REL-A21 a text that ends inside a code point", client, "81 01 c3", "UTF8_INVALID 1007"],
    ["REL-A21 a fragmented text that ends inside a code point", client, "01 01 c3 80 00", "UTF8_INVALID 1007"],
    ["REL-A21 the first bad byte of an unfinished frame", client, "81 7d 61ff", "UTF8_INVALID 1007"],
    ["REL-A22 an overlong form, at its second byte", client, "81 7d e09f", "UTF8_INVALID 1007"],
    ["REL-A22 a surrogate, at its second byte", client, "81 7d eda0", "UTF8_INVALID 1007"],
    ["REL-A22 above U+10FFFF, at its second byte", client, "81 7d f490", "UTF8_INVALID 1007"],
    ["REL-A23 a close of one byte", client, "88 01", "CLOSE_PAYLOAD_INVALID 1002"],
    ["REL-A24 close code 1005", client, "88 02 03ed", "CLOSE_CODE_INVALID 1002"],
    ["REL-A26 a close reason of invalid UTF-8", client, "88 04 03e8 c328", "UTF8_INVALID 1007"],
  ])("refuses %s, whole and byte by byte", (_, options, hex, fault) => {
    expect(parse(options, hex).at(-1)).toBe(`failed ${fault}`);
    expect(parseByteByByte(options, hex).at(-1)).toBe(`failed ${fault}`);
  });

  it("gives the values that a fault is about", () => {
    const parser = new FrameParser({ ...client, maxMessageBytes: 4 });

    feed(parser, "02 03 616161 00 02");

    expect(parser.error?.facts).toEqual({ size: 5, limit: 4 });
    expect(parser.error?.message).toBe("message of at least 5 bytes passes the limit of 4");
  });

  it.each([
    ["a message of exactly the limit", { ...client, maxMessageBytes: 4 }, "82 04 61616161", "message binary 61616161"],
    [
      "as many frames as allowed",
      { ...client, maxFramesPerMessage: 3 },
      "02 01 61 00 01 61 80 01 61",
      "message binary 616161",
    ],
    [
      "empty frames as allowed, in two rows",
      { ...client, maxEmptyFrames: 2 },
      "02 00 00 00 00 01 61 00 00 80 00",
      "message binary 61",
    ],
    ["an empty message after empty frames", { ...client, maxEmptyFrames: 1 }, "82 00 82 00 82 00", "message binary "],
    [
      "a length that is not minimal, when allowed",
      { ...client, allowNonMinimalLengths: true },
      "82 7e 0002 6161",
      "message binary 6161",
    ],
    [
      "64 bits of length for 1 byte, when allowed",
      { ...client, allowNonMinimalLengths: true },
      "82 7f 0000000000000001 61",
      "message binary 61",
    ],
    [
      "a compressed message that deflate made longer",
      { ...deflating, maxMessageBytes: 4 },
      "c2 05 6161616161",
      "message binary compressed 6161616161",
    ],
  ])("takes %s", (_, options, hex, last) => {
    expect(parse(options, hex).at(-1)).toBe(last);
  });

  it("counts the frames of each message alone", () => {
    const options = { ...client, maxFramesPerMessage: 2 };

    expect(parse(options, "02 01 61 80 01 61 02 01 62 80 01 62")).toEqual([
      "message binary 6161",
      "message binary 6262",
    ]);
  });

  it("counts the empty frames of each message alone", () => {
    const events = parse({ ...stream, maxEmptyFrames: 1 }, "82 00 82 00 82 00");

    expect(events).toEqual(["begin binary", "end", "begin binary", "end", "begin binary", "end"]);
  });

  it("judges each message by the limit of that moment, one that has begun when it goes on", () => {
    const parser = new FrameParser(client);
    parser.maxMessageBytes = 2;
    expect(parser.maxMessageBytes).toBe(2);
    expect(feed(parser, "81 02 6162 01 01 61")).toEqual(['message text "ab"']);
    parser.maxMessageBytes = 3;
    expect(feed(parser, "80 02 6263")).toEqual(['message text "abc"']);
    expect(feed(parser, "01 02 6162")).toEqual([]);
    parser.maxMessageBytes = 2;
    expect(feed(parser, "80 01 63")).toEqual(["failed MESSAGE_TOO_BIG 1009"]);
  });

  it("judges the rest of a frame that was announced under another limit", () => {
    const parser = new FrameParser(client);
    expect(feed(parser, "82 03 61")).toEqual([]);
    parser.maxMessageBytes = 2;
    expect(feed(parser, "6263")).toEqual(["failed MESSAGE_TOO_BIG 1009"]);
  });

  it("refuses a limit of that moment that is out of range, and keeps the one before", () => {
    const parser = new FrameParser({ ...client, maxMessageBytes: 2 });
    expect(() => (parser.maxMessageBytes = 0)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(feed(parser, "81 03 616263")).toEqual(["failed MESSAGE_TOO_BIG 1009"]);
  });

  it("says nothing more after a fault", () => {
    const parser = new FrameParser(client);

    feed(parser, "83");

    expect(feed(parser, "81 01 61")).toEqual([]);
    expect(parser.unreadBytes).toBe(0);
  });

  it("REL-A12 refuses limits outside 1 to 2^31-1 that are not Infinity", () => {
    const invalid = expect.objectContaining({ code: "INVALID_ARGUMENT" });
    const words = "many" as unknown as number; // what a caller without types may pass
    expect(() => new FrameParser({ ...client, maxMessageBytes: 0 })).toThrow(invalid);
    expect(() => new FrameParser({ ...client, maxMessageBytes: 2 ** 31 })).toThrow(invalid);
    expect(() => new FrameParser({ ...client, maxFramesPerMessage: -1 })).toThrow(invalid);
    expect(() => new FrameParser({ ...client, maxEmptyFrames: Number.NaN })).toThrow(invalid);
    expect(() => new FrameParser({ ...client, maxEmptyFrames: words })).toThrow(invalid);
    expect(() => new FrameParser({ ...stream, maxMessageBytes: 1.5 })).toThrow(invalid);
    expect(
      () => new FrameParser({ ...client, maxMessageBytes: 2 ** 31 - 1, maxFramesPerMessage: Infinity }),
    ).not.toThrow();
  });
});

describe("close", () => {
  it.each([
    ["an empty one as 1005", client, "88 00", 'close 1005 ""'],
    ["a code", client, "88 02 03e8", 'close 1000 ""'],
    ["a code and a reason", client, "88 05 0fa0 c3a461", 'close 4000 "äa"'],
    ["a masked one", server, "88 82 01020304 02ea", 'close 1000 ""'],
    ["one inside a message", client, "01 01 61 88 00", 'close 1005 ""'],
  ])("gives %s, whole and byte by byte", (_, options, hex, event) => {
    expect(parse(options, hex)).toEqual([event]);
    expect(parseByteByByte(options, hex)).toEqual([event]);
  });

  it("takes a reason of 123 bytes", () => {
    expect(parse(client, `88 7d 03e8 ${"61".repeat(123)}`)).toEqual([`close 1000 "${"a".repeat(123)}"`]);
  });

  it("REL-A28 drops data and a second close that come after it", () => {
    const parser = new FrameParser(client);

    expect(feed(parser, "88 00 81 01 61 88 00")).toEqual(['close 1005 ""']);
    expect(feed(parser, "81 01 61 88 02 03e8")).toEqual([]);
  });
});

describe("streams", () => {
  it.each([
    ["a message of one frame", stream, "82 02 0102", ["begin binary", "piece 0102", "end"]],
    ["fragments as pieces", stream, "01 01 61 80 01 62", ["begin text", "piece 61", "piece 62", "end"]],
    ["an empty message", stream, "81 00", ["begin text", "end"]],
    ["empty fragments as nothing", stream, "01 00 00 00 80 00", ["begin text", "end"]],
    [
      "masked payload, unmasked",
      { ...stream, role: "server" as const },
      "82 82 01020304 0103",
      ["begin binary", "piece 0001", "end"],
    ],
    ["text as it is, unchecked", stream, "81 01 ff", ["begin text", "piece ff", "end"]],
    ["compressed payload, raw", { ...stream, deflate: true }, "c1 01 aa", ["begin text compressed", "piece aa", "end"]],
    ["a ping between fragments", stream, "01 01 61 89 00 80 00", ["begin text", "piece 61", "ping ", "end"]],
    [
      "more than the limits of whole messages",
      { ...stream, maxMessageBytes: 1, maxFramesPerMessage: 1 },
      "02 02 6161 80 00",
      ["begin binary", "piece 6161", "end"],
    ],
    ["a close after a message", stream, "82 00 88 00", ["begin binary", "end", 'close 1005 ""']],
  ])("gives %s", (_, options, hex, events) => {
    expect(parse(options, hex)).toEqual(events);
  });

  it("gives each part of a frame as it comes, and keeps nothing", () => {
    const bytes = countingBytes();
    const parser = new FrameParser({ ...stream, role: "server", bytes });

    const first = feed(parser, "82 83 01020304 01");
    const second = feed(parser, "0303");

    expect([first, second]).toEqual([
      ["begin binary", "piece 00"],
      ["piece 0100", "end"],
    ]);
    expect([bytes.allocated, bytes.copied, parser.retainedBytes]).toEqual([0, 0, 0]);
  });

  it("REL-A14 refuses more empty frames in a row than allowed", () => {
    expect(parse({ ...stream, maxEmptyFrames: 2 }, "02 00 00 00 00 00")).toEqual([
      "begin binary",
      "failed TOO_MANY_EMPTY_FRAMES 1008",
    ]);
  });

  it("begins a message before its payload came", () => {
    const parser = new FrameParser(stream);

    expect(feed(parser, "82 02")).toEqual(["begin binary"]);
    expect(parser.insideMessage).toBe(true);
    expect(feed(parser, "0102")).toEqual(["piece 0102", "end"]);
    expect(parser.insideMessage).toBe(false);
  });
});

describe("memory", () => {
  it("REL-A10 allocates nothing for a length that was only announced", () => {
    const bytes = countingBytes();

    feed(new FrameParser({ ...client, maxMessageBytes: Infinity, bytes }), "82 7f 000000007fffffff");

    expect(bytes.allocated).toBe(0);
  });

  it("REL-A10 allocates at most twice what came, and a little", () => {
    const bytes = countingBytes();
    const parser = new FrameParser({ ...client, maxMessageBytes: Infinity, bytes });

    feed(parser, `82 7f 000000007fffffff ${"61".repeat(1000)}`);

    expect(bytes.allocated).toBeLessThanOrEqual(2 * 1000 + 256);
    expect(parser.retainedBytes).toBe(bytes.allocated);
  });

  it("allocates exactly the message when its end is announced and near", () => {
    const bytes = countingBytes();
    const parser = new FrameParser({ ...client, bytes });

    feed(parser, `82 7e 0100 ${"61".repeat(200)}`);

    expect(parser.retainedBytes).toBe(256);
    feed(parser, "61".repeat(56));
    expect(parser.retainedBytes).toBe(0);
  });

  it("REL-A27 gives a message of fragments in memory of its own length: nothing unwritten is behind it", () => {
    const parser = new FrameParser(client);
    feed(parser, "02 01 ab");
    for (let sent = 1; sent < 111; sent++) feed(parser, "00 01 ab");
    const last = fromHex("80 00");
    parser.push(last, 0, last.length);
    expect(parser.next()).toBe(ParseEvent.message);
    expect([parser.end - parser.start, parser.buffer.length, parser.buffer.buffer.byteLength]).toEqual([111, 111, 111]);
  });

  it("REL-A16 copies at most two bytes for each that comes, fed byte by byte", () => {
    const bytes = countingBytes();
    const parser = new FrameParser({ ...client, bytes });
    const size = 1024 * 1024;
    const frame = new Uint8Array(10 + size);
    frame.set([0x82, 0x7f, 0, 0, 0, 0, 0, 0x10, 0, 0]);

    let last: ParseEvent = ParseEvent.needMore;
    for (let at = 0; at < frame.length; at++) {
      parser.push(frame, at, at + 1);
      last = parser.next();
    }

    expect(last).toBe(ParseEvent.message);
    expect(parser.end - parser.start).toBe(size);
    expect(bytes.copied).toBeLessThanOrEqual(2 * size);
  });

  it("REL-A13 keeps no more for 100,000 fragments of one byte than for their bytes", () => {
    const parser = new FrameParser(client);
    feed(parser, "02 01 61");
    const fragments = fromHex("00 01 61".repeat(1000));

    const retained: number[] = [];
    for (let round = 1; round <= 100; round++) {
      parser.push(fragments, 0, fragments.length);
      parser.next();
      retained.push(parser.retainedBytes - 2 * (round * 1000 + 1));
    }

    expect(Math.max(...retained)).toBeLessThanOrEqual(256);
  });

  it("REL-A13 holds the last message to its limit, not to the next power of two", () => {
    const parser = new FrameParser({ ...client, maxMessageBytes: 300 });

    feed(parser, `02 7d ${"61".repeat(125)} 00 7d ${"61".repeat(125)} 00 01 61`);

    expect(parser.retainedBytes).toBe(300);
  });

  it("counts a control frame that a read cut", () => {
    const parser = new FrameParser(client);

    feed(parser, "89 7d 6161");

    expect(parser.retainedBytes).toBe(125);
  });

  it("gives back everything on discard, and drops what comes then", () => {
    const parser = new FrameParser(client);
    feed(parser, "02 02 6161 89 7d 61");
    const rest = fromHex("81 01 61");

    parser.discard();
    parser.push(rest, 0, 3);

    expect(parser.next()).toBe(ParseEvent.needMore);
    expect([parser.retainedBytes, parser.unreadBytes, parser.insideMessage]).toEqual([0, 0, false]);
  });
});

describe("unread bytes", () => {
  it("are counted until they are parsed", () => {
    const parser = new FrameParser(client);
    parser.push(fromHex("82 01 61 82 01 62"), 0, 6);

    parser.next();

    expect(parser.unreadBytes).toBe(3);
  });

  it("must be parsed before others are pushed", () => {
    const parser = new FrameParser(client);
    parser.push(fromHex("82 01 61"), 0, 3);

    expect(() => {
      parser.push(fromHex("82"), 0, 1);
    }).toThrow(expect.objectContaining({ code: "INVALID_STATE", facts: { unreadBytes: 3 } }));
  });

  it("can be taken out of the lent buffer and pushed again", () => {
    const parser = new FrameParser(server);
    const lent = fromHex("82 81 01020304 60 82 82 01020304 6163");
    parser.push(lent, 0, lent.length);
    parser.next();

    const unread = parser.takeUnread();
    lent.fill(0);
    parser.push(unread, 0, unread.length);

    expect(toHex(unread, 0, unread.length)).toBe("8282010203046163");
    expect(drain(parser)).toEqual(["message binary 6061"]);
  });

  it("can be taken in the middle of a stream's message", () => {
    const parser = new FrameParser({ ...stream, role: "server" });
    parser.push(fromHex("82 83 01020304 616263"), 0, 9);
    parser.next();

    const unread = parser.takeUnread();

    expect([toHex(unread, 0, unread.length), parser.unreadBytes, parser.next()]).toEqual([
      "616263",
      0,
      ParseEvent.needMore,
    ]);
    expect(feed(parser, "616263")).toEqual(["piece 606060", "end"]);
  });
});
