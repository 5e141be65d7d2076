import type { ByteOperations } from "../internal/bytes.js";
import type { ProtocolError } from "../internal/errors.js";
import * as faults from "./frame-faults.js";
import {
  checkLimit,
  type FrameParserOptions,
  type MessageLimits,
  resolveMessageLimits,
} from "./frame-parser-options.js";
import { MessageAssembly, NO_BYTES } from "./message-assembly.js";
import { Utf8Validator } from "./utf8.js";

/** The message under way: holds its frames to the limits, checks its UTF-8 as it comes, and keeps what has come of it. */
export class MessageIntake {
  readonly #bytes: ByteOperations;
  readonly #limits: MessageLimits;
  readonly #maxFrames: number;
  readonly #maxEmptyFrames: number;
  #isText = false;
  #maxBytes = 0;
  #frames = 0;
  #emptyFrames = 0;
  /** The most bytes that the message can have, as far as its frames have told. */
  #expected = 0;
  // most connections never see a message in parts
  #assembly: MessageAssembly | null = null;
  #validator: Utf8Validator | null = null;

  /** @throws UsageError INVALID_ARGUMENT for a limit out of range */
  constructor(options: FrameParserOptions) {
    this.#bytes = options.bytes;
    this.#limits = resolveMessageLimits(options);
    const maxFrames = checkLimit("maxFramesPerMessage", options.maxFramesPerMessage);
    this.#maxFrames = options.mode === "stream" ? Infinity : maxFrames;
    this.#maxEmptyFrames = checkLimit("maxEmptyFrames", options.maxEmptyFrames);
  }

  /** How many bytes are kept. */
  get length(): number {
    return this.#assembly?.length ?? 0;
  }

  /** How many bytes of memory that takes. */
  get capacity(): number {
    return this.#assembly?.capacity ?? 0;
  }

  begin(type: "text" | "binary", compressed: boolean): void {
    this.#isText = type === "text" && !compressed;
    this.#maxBytes = compressed ? this.#limits.compressed : this.#limits[type];
    this.#frames = 0;
    this.#emptyFrames = 0;
    this.#validator?.reset();
  }

  /** Judges a frame by its header, before a byte of the payload is taken, so that what is announced costs nothing. */
  announce(length: number, fin: boolean): ProtocolError | null {
    this.#emptyFrames = length === 0 ? this.#emptyFrames + 1 : 0;
    if (this.#emptyFrames > this.#maxEmptyFrames) return faults.tooManyEmptyFrames(this.#maxEmptyFrames);
    if (++this.#frames > this.#maxFrames) return faults.tooManyFrames(this.#maxFrames);
    const size = this.length + length;
    if (size > this.#maxBytes) return faults.messageTooBig(size, this.#maxBytes);
    this.#expected = fin ? size : this.#maxBytes;
    return null;
  }

  /** Keeps a part that others follow; false when it cannot belong to valid UTF-8. */
  append(buffer: Uint8Array, start: number, end: number): boolean {
    if (this.#isText) {
      this.#validator ??= new Utf8Validator(this.#bytes);
      if (!this.#validator.push(buffer, start, end)) return false;
    }
    this.appendLast(buffer, start, end);
    return true;
  }

  /** Keeps the last part, unchecked: whoever decodes the whole checks it. */
  appendLast(buffer: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    this.#assembly ??= new MessageAssembly(this.#bytes);
    this.#assembly.append(buffer, start, end, this.#expected);
  }

  /** Gives away the memory that holds what was kept, in its first `length` bytes as asked before. */
  take(): Uint8Array {
    return this.#assembly?.take() ?? NO_BYTES;
  }

  /** Gives all memory back. */
  discard(): void {
    this.#assembly = null;
    this.#validator = null;
  }
}
