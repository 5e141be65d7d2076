import type { ByteOperations } from "../internal/bytes.js";
import { checkLimit } from "../internal/check-limit.js";
import { type ProtocolError, UsageError } from "../internal/errors.js";
import { CLOSE_NO_STATUS, isWireCloseCode } from "./close-code.js";
import * as faults from "./frame-faults.js";
import type { FrameParserOptions } from "./frame-parser-options.js";
import {
  FIN,
  isControlOpcode,
  LENGTH_IN_16_BITS,
  LENGTH_IN_64_BITS,
  MASK,
  OPCODE_BINARY,
  OPCODE_CONTINUATION,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
} from "./frames.js";
import { HeaderReader } from "./header-reader.js";
import { NO_BYTES } from "./message-assembly.js";
import { MessageIntake } from "./message-intake.js";
import { ParseEvent, ParseFacts } from "./parse-event.js";

// RFC 6455 §5, read from lent bytes without objects, callbacks or copies where a frame lies whole in them. `next` first
// tries that case alone; everything else (fragments, control frames, frames that reads cut, long ones, faults, streams) goes
// through the stages below it. Invariants: after needMore, close and failed nothing of the lent bytes is unread; `over` is
// final. Typed-array reads stay inside checked bounds, so `as number` drops an `undefined` that cannot be.

/** What the next byte belongs to. `between` is `header` between two messages in message mode. */
const Stage = { between: 0, header: 1, payload: 2, control: 3, over: 4 } as const;
type Stage = (typeof Stage)[keyof typeof Stage];

/** No event yet: go on. */
const CONTINUE = -1;
type Step = ParseEvent | typeof CONTINUE;

const WHOLE_TEXT: number = FIN | OPCODE_TEXT;
const WHOLE_BINARY: number = FIN | OPCODE_BINARY;

/**
 * A pull parser of frames: `push` lends bytes, `next` says what is in them until it says needMore. Any cut of the same input
 * gives the same events (in stream mode: the same pieces joined).
 */
export class FrameParser extends ParseFacts {
  readonly #options: FrameParserOptions;
  readonly #bytes: ByteOperations;
  readonly #streaming: boolean;
  /** MASK when frames must have a mask, else 0. */
  readonly #maskBit: number;
  #maxMessageBytes: number;
  /** Memory that a connection at rest does without. */
  #partial: PartialFrame | null = null;

  #stage: Stage;
  #lent: Uint8Array = NO_BYTES;
  #position = 0;
  #limit = 0;
  #insideMessage = false;

  /**
   * Keeps `options`, which many parsers may share.
   * @throws UsageError INVALID_ARGUMENT for a limit out of range
   */
  constructor(options: FrameParserOptions) {
    super();
    this.#options = options;
    this.#bytes = options.bytes;
    this.#streaming = options.mode === "stream";
    this.#stage = this.#streaming ? Stage.header : Stage.between;
    this.#maskBit = options.role === "server" ? MASK : 0;
    this.#maxMessageBytes = checkLimit("maxMessageBytes", options.maxMessageBytes);
    checkLimit("maxFramesPerMessage", options.maxFramesPerMessage);
    checkLimit("maxEmptyFrames", options.maxEmptyFrames);
  }

  /** The longest message in message mode, from now on; a message that has begun is judged by it when it goes on. */
  get maxMessageBytes(): number {
    return this.#maxMessageBytes;
  }
  set maxMessageBytes(bytes: number) {
    this.#maxMessageBytes = checkLimit("maxMessageBytes", bytes);
    this.#partial?.intake.holdTo(bytes);
  }

  /** Bytes pushed and not parsed yet. */
  get unreadBytes(): number {
    return this.#limit - this.#position;
  }

  /** Bytes of memory held for what has come so far. */
  get retainedBytes(): number {
    const partial = this.#partial;
    return partial === null ? 0 : partial.intake.capacity + (partial.control?.length ?? 0);
  }

  /** Whether a message has begun and not ended. */
  get insideMessage(): boolean {
    return this.#insideMessage;
  }

  /**
   * Lends `buffer[start, end)` until `next` answers needMore. Masked payload is unmasked in place there.
   * @throws UsageError INVALID_STATE while bytes pushed before are unread
   */
  push(buffer: Uint8Array, start: number, end: number): void {
    if (this.#position !== this.#limit) {
      const facts = { unreadBytes: this.unreadBytes };
      throw new UsageError("INVALID_STATE", `${this.unreadBytes} bytes are unread: call next until needMore`, {
        facts,
      });
    }
    if (this.#stage === Stage.over) return;
    this.#lent = buffer;
    this.#position = start;
    this.#limit = end;
  }

  /** Copies the unread bytes out of the lent buffer and forgets them. Push them again before any others. */
  takeUnread(): Uint8Array {
    const unread = this.#bytes.allocate(this.unreadBytes);
    this.#bytes.copy(this.#lent, this.#position, this.#limit, unread, 0);
    this.#forgetLent();
    return unread;
  }

  /** From now on drops everything. */
  discard(): void {
    this.#stage = Stage.over;
    this.#insideMessage = false;
    this.#partial = null;
    this.#forgetLent();
  }

  /** The next event. Its facts are in the fields. */
  next(): ParseEvent {
    return this.#stage === Stage.between ? this.#nextWhole() : this.#nextAny();
  }

  // The case that speed depends on: an unfragmented, uncompressed frame, whole in the bytes pushed, length below 2^16. It
  // touches nothing unless the frame is that and keeps every rule.
  #nextWhole(): ParseEvent {
    const buffer = this.#lent;
    const at = this.#position;
    const available = this.#limit - at;
    const maskBit = this.#maskBit;
    // so much that a length of 16 bits can be read, and no masked frame is shorter than 6
    if (available < (maskBit === 0 ? 4 : 6)) return this.#nextAny();
    const first = buffer[at] as number;
    let length = (buffer[at + 1] as number) ^ maskBit;
    if ((first !== WHOLE_BINARY && first !== WHOLE_TEXT) || length >= LENGTH_IN_64_BITS) return this.#nextAny();
    let start = at + 2;
    if (length === LENGTH_IN_16_BITS) {
      length = ((buffer[start] as number) << 8) | (buffer[start + 1] as number);
      if (length < LENGTH_IN_16_BITS) return this.#nextAny();
      start += 2;
    }
    const key = start;
    if (maskBit !== 0) start += 4;
    const end = start + length;
    if (end > this.#limit || length > this.#maxMessageBytes) return this.#nextAny();
    if (maskBit !== 0) this.#bytes.mask(buffer, start, end, readKey(buffer, key), 0);
    this.#position = end;
    this.type = first === WHOLE_TEXT ? "text" : "binary";
    this.compressed = false;
    return this.#deliver(buffer, start, end, false);
  }

  #nextAny(): ParseEvent {
    for (;;) {
      const step = this.#nextStep();
      if (step !== CONTINUE) return step;
    }
  }

  #nextStep(): Step {
    switch (this.#stage) {
      case Stage.between:
      case Stage.header:
        return this.#position === this.#limit ? this.#needMore() : this.#takeHeader(this.#open());
      case Stage.payload:
        return this.#streaming ? this.#takePiece(this.#open()) : this.#takePayload(this.#open());
      case Stage.control:
        return this.#takeControl(this.#open());
      case Stage.over:
        return this.#needMore();
    }
  }

  #open(): PartialFrame {
    return (this.#partial ??= new PartialFrame(this.#options, this.#maxMessageBytes));
  }

  #takeHeader(partial: PartialFrame): Step {
    const { header } = partial;
    this.#position = header.read(this.#lent, this.#position, this.#limit, this.#insideMessage);
    if (header.error !== null) return this.#fail(header.error);
    if (!header.whole) {
      if (!header.fresh) this.#stage = Stage.header;
      return this.#needMore();
    }
    header.reset();
    partial.missing = header.length;
    partial.phase = 0;
    if (!isControlOpcode(header.opcode)) return this.#beginFrame(partial);
    this.#stage = Stage.control;
    return CONTINUE;
  }

  #beginFrame({ header, intake }: PartialFrame): Step {
    const { opcode, length, fin, rsv1 } = header;
    const first = opcode !== OPCODE_CONTINUATION;
    if (first) {
      this.type = opcode === OPCODE_TEXT ? "text" : "binary";
      this.compressed = rsv1;
      this.#insideMessage = true;
      intake.begin(this.type, rsv1);
    }
    const fault = intake.announce(length, fin);
    if (fault !== null) return this.#fail(fault);
    this.#stage = Stage.payload;
    return first && this.#streaming ? ParseEvent.begin : CONTINUE;
  }

  #takePayload(partial: PartialFrame): Step {
    const { header, intake } = partial;
    const fault = intake.judge(partial.missing);
    if (fault !== null) return this.#fail(fault);
    const buffer = this.#lent;
    const start = this.#position;
    const end = this.#takeBytes(partial);
    if (partial.missing === 0 && header.fin) return this.#endMessage(intake, buffer, start, end);
    if (!intake.append(buffer, start, end)) return this.#fail(faults.utf8Invalid("message"));
    if (partial.missing > 0) return this.#needMore();
    this.#stage = Stage.header;
    return CONTINUE;
  }

  #endMessage(intake: MessageIntake, buffer: Uint8Array, start: number, end: number): ParseEvent {
    if (intake.length === 0) return this.#deliver(buffer, start, end, false);
    intake.appendLast(buffer, start, end);
    const length = intake.length;
    return this.#deliver(intake.take(), 0, length, true);
  }

  #takePiece(partial: PartialFrame): Step {
    if (partial.missing === 0) {
      this.#stage = Stage.header;
      if (!partial.header.fin) return CONTINUE;
      this.#insideMessage = false;
      return ParseEvent.end;
    }
    const start = this.#position;
    const end = this.#takeBytes(partial);
    if (start === end) return this.#needMore();
    this.setPayload(this.#lent, start, end, false);
    return ParseEvent.piece;
  }

  #takeControl(partial: PartialFrame): Step {
    const { opcode, length } = partial.header;
    const buffer = this.#lent;
    const start = this.#position;
    const end = this.#takeBytes(partial);
    if (partial.missing === 0 && partial.control === null) return this.#deliverControl(opcode, buffer, start, end);
    // length is at most 125, so this much may be allocated before it came
    const control = (partial.control ??= this.#bytes.allocate(length));
    const filled = length - partial.missing;
    this.#bytes.copy(buffer, start, end, control, filled - (end - start));
    if (partial.missing > 0) return this.#needMore();
    partial.control = null;
    return this.#deliverControl(opcode, control, 0, filled);
  }

  /** Takes what is there of the frame's payload, unmasks it, and returns where it ends. */
  #takeBytes(partial: PartialFrame): number {
    const start = this.#position;
    const end = Math.min(start + partial.missing, this.#limit);
    if (this.#maskBit !== 0 && end > start) {
      this.#bytes.mask(this.#lent, start, end, partial.header.key, partial.phase);
      partial.phase = (partial.phase + end - start) & 3;
    }
    partial.missing -= end - start;
    this.#position = end;
    return end;
  }

  #deliver(buffer: Uint8Array, start: number, end: number, owned: boolean): ParseEvent {
    this.#stage = Stage.between;
    this.#insideMessage = false;
    this.setPayload(buffer, start, end, owned);
    this.text = undefined;
    if (this.type === "text" && !this.compressed) {
      this.text = this.#bytes.decodeUtf8(buffer, start, end);
      if (this.text === undefined) return this.#fail(faults.utf8Invalid("message"));
    }
    return ParseEvent.message;
  }

  #deliverControl(opcode: number, buffer: Uint8Array, start: number, end: number): ParseEvent {
    this.#stage = this.#insideMessage || this.#streaming ? Stage.header : Stage.between;
    this.setPayload(buffer, start, end, buffer !== this.#lent);
    if (opcode === OPCODE_PING) return ParseEvent.ping;
    return opcode === OPCODE_PONG ? ParseEvent.pong : this.#deliverClose(buffer, start, end);
  }

  // §5.5.1: the header reader refused a payload of one byte
  #deliverClose(buffer: Uint8Array, start: number, end: number): ParseEvent {
    let code = CLOSE_NO_STATUS;
    let reason: string | undefined = "";
    if (end > start) {
      code = ((buffer[start] as number) << 8) | (buffer[start + 1] as number);
      if (!isWireCloseCode(code)) return this.#fail(faults.closeCodeInvalid(code));
      reason = this.#bytes.decodeUtf8(buffer, start + 2, end);
      if (reason === undefined) return this.#fail(faults.utf8Invalid("close reason"));
    }
    this.closeCode = code;
    this.closeReason = reason;
    this.discard();
    return ParseEvent.close;
  }

  #needMore(): ParseEvent {
    const isAtRest = !this.#insideMessage && this.#stage !== Stage.control;
    if (isAtRest && this.#partial?.header.fresh === true) this.#partial = null;
    this.#forgetLent();
    this.setPayload(NO_BYTES, 0, 0, false);
    this.text = undefined;
    return ParseEvent.needMore;
  }

  #fail(error: ProtocolError): ParseEvent {
    this.discard();
    this.setPayload(NO_BYTES, 0, 0, false);
    this.error = error;
    return ParseEvent.failed;
  }

  #forgetLent(): void {
    this.#lent = NO_BYTES;
    this.#position = 0;
    this.#limit = 0;
  }
}

/** A frame that is not taken at once, and the message that it belongs to. */
class PartialFrame {
  readonly header: HeaderReader;
  readonly intake: MessageIntake;
  /** How many bytes of the frame's payload have not come. */
  missing = 0;
  phase = 0;
  /** The payload of a control frame that a read cut. */
  control: Uint8Array | null = null;

  constructor(options: FrameParserOptions, maxMessageBytes: number) {
    this.header = new HeaderReader(options);
    this.intake = new MessageIntake(options);
    this.intake.holdTo(maxMessageBytes);
  }
}

function readKey(buffer: Uint8Array, at: number): number {
  const high = ((buffer[at] as number) << 24) | ((buffer[at + 1] as number) << 16);
  return high | ((buffer[at + 2] as number) << 8) | (buffer[at + 3] as number);
}
