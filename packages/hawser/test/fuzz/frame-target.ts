import { portableBytes } from "../../src/internal/portable-bytes.js";
import { createNodeBytes } from "../../src/node/index.js";
import { FrameParser, ParseEvent } from "../../src/protocol/index.js";
import type { FrameInput } from "./frame-input.js";
import { type ModelOptions, runModel } from "./model.js";
import { runReceiver } from "./peer-receiver.js";
import type { Random } from "./random.js";

const nodeBytes = createNodeBytes();
const SLACK_BYTES = 65_536;

/** Cuts one input in every way and holds what comes of it against the model, and now and then against `ws`. */
export function checkFrames(input: FrameInput, random: Random): void {
  const { options, bytes } = input;
  const expected = runModel(bytes, options);
  expectSame(input, "whole", runParser(options, bytes, []), expected);
  expectSame(input, "byte by byte", runParser(options, bytes, everyByte(bytes.length)), expected);
  const cuts = random.cuts(bytes.length);
  expectSame(input, "cut at random", runParser(options, bytes, cuts), expected);
  if (random.oneIn(6)) checkAgainstReceiver(input);
}

const EVERY_BYTE: readonly number[] = Array.from({ length: 2000 }, (_, at) => at + 1);

function everyByte(length: number): readonly number[] {
  return length < EVERY_BYTE.length ? EVERY_BYTE.slice(0, length) : EVERY_BYTE;
}

function expectSame(input: FrameInput, way: string, actual: readonly string[], expected: readonly string[]): void {
  const same = actual.length === expected.length && actual.every((line, at) => line === expected[at]);
  if (!same) throw failure(input, `${way}: got\n${actual.join("\n")}\ninstead of\n${expected.join("\n")}`);
}

function failure({ options, bytes }: FrameInput, message: string): Error {
  return new Error(`${message}\nfrom ${Buffer.from(bytes).toString("hex")} with ${JSON.stringify(options)}`);
}

/** What the parser makes of the bytes, in the words of the model. */
export function runParser(options: ModelOptions, bytes: Uint8Array, cuts: readonly number[]): string[] {
  const parser = new FrameParser({ ...options, bytes: (bytes.length & 1) === 0 ? portableBytes : nodeBytes });
  const lent = new Uint8Array(bytes);
  const log = new EventLog(parser);
  let start = 0;
  for (const end of [...cuts, lent.length]) {
    parser.push(lent, start, end);
    let events = 0;
    for (let event = parser.next(); event !== ParseEvent.needMore; event = parser.next()) {
      log.add(event);
      // two bytes make a frame, and a frame three events: beginning, piece and end
      if (++events > 2 * (end - start) + 4) throw new Error("the parser does not come to an end");
    }
    if (parser.unreadBytes !== 0) throw new Error("bytes are unread at needMore");
    if (parser.retainedBytes > 2 * end + SLACK_BYTES) throw new Error(`${parser.retainedBytes} bytes held for ${end}`);
    start = end;
  }
  return log.finish();
}

class EventLog {
  readonly #parser: FrameParser;
  readonly #lines: string[] = [];
  #pieces = "";

  constructor(parser: FrameParser) {
    this.#parser = parser;
  }

  finish(): string[] {
    if (this.#pieces !== "") this.#lines.push(`pieces ${this.#pieces}`);
    this.#pieces = "";
    return this.#lines;
  }

  add(event: ParseEvent): void {
    if (event === ParseEvent.piece) {
      this.#pieces += this.#payload();
      return;
    }
    this.finish().push(this.#line(event));
  }

  #line(event: Exclude<ParseEvent, typeof ParseEvent.piece>): string {
    const parser = this.#parser;
    const kind = `${parser.type}${parser.compressed ? " compressed" : ""}`;
    switch (event) {
      case ParseEvent.message:
        if (parser.text !== undefined) return `${kind} ${Buffer.from(parser.text, "utf8").toString("hex")}`;
        return kind === "text" ? "text is missing" : `${kind} ${this.#payload()}`;
      case ParseEvent.begin:
        return `begin ${kind}`;
      case ParseEvent.end:
        return "end";
      case ParseEvent.ping:
        return `ping ${this.#payload()}`;
      case ParseEvent.pong:
        return `pong ${this.#payload()}`;
      case ParseEvent.close:
        return `close ${parser.closeCode} ${Buffer.from(parser.closeReason, "utf8").toString("hex")}`;
      case ParseEvent.failed:
        return `failed ${parser.error?.name === "ProtocolError" ? parser.error.closeCode : "otherwise"}`;
      case ParseEvent.needMore:
        return "needMore";
    }
  }

  #payload(): string {
    return Buffer.from(this.#parser.buffer.subarray(this.#parser.start, this.#parser.end)).toString("hex");
  }
}

// `ws` has no limit on empty frames, takes long forms of lengths, and looks at a text only when it is whole.
function checkAgainstReceiver(input: FrameInput): void {
  const options: ModelOptions = {
    ...input.options,
    mode: "message",
    deflate: false,
    maxFramesPerMessage: 131_072,
    maxEmptyFrames: 1024,
    allowNonMinimalLengths: true,
  };
  const ours = splitFailure(runParser(options, input.bytes, []));
  const theirs = splitFailure(runReceiver(options, input.bytes));
  const events = ours.events.join("\n");
  // a text that cannot become UTF-8 ends everything here, while ws waits for the rest of it and sees what comes between
  const comparable = ours.code === "1007" ? theirs.events.slice(0, ours.events.length) : theirs.events;
  if (events !== comparable.join("\n")) throw failure(input, `ws got\n${theirs.events.join("\n")}\nhere\n${events}`);
  const allowed =
    theirs.code === undefined ||
    theirs.code === ours.code ||
    ours.code === "1007" ||
    // ws does not wait for the key before it calls a message too big, nor does it call a length of 2^63 anything else
    (theirs.code === "1009" && (ours.code === undefined || ours.code === "1002"));
  if (!allowed) throw failure(input, `ws failed with ${theirs.code}, here ${ours.code}`);
}

function splitFailure(lines: readonly string[]): { events: readonly string[]; code: string | undefined } {
  const last = lines.at(-1);
  if (!last?.startsWith("failed ")) return { events: lines, code: undefined };
  return { events: lines.slice(0, -1), code: last.slice("failed ".length) };
}
