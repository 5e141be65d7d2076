import type { ByteOperations } from "../internal/bytes.js";
import type { ProtocolError } from "../internal/errors.js";
import * as faults from "./frame-faults.js";
import { type FrameParserOptions, maxWireBytes } from "./frame-parser-options.js";
import { MessageAssembly, NO_BYTES } from "./message-assembly.js";
import { Utf8Validator } from "./utf8.js";

/** The message under way: holds its frames to the limits, checks its UTF-8 as it comes, and keeps what has come of it. */
export class MessageIntake {
  readonly #bytes: ByteOperations;
  readonly #streaming: boolean;
  readonly #maxFrames: number;
  readonly #maxEmptyFrames: number;
  #maxMessageBytes: number;
  #type: "text" | "binary" = "binary";
  #compressed = false;
  #maxBytes = 0;
  #frames = 0;
  #emptyFrames = 0;
  /** The most bytes that the message can have, as far as its frames have told. */
  #expected = 0;
  // most connections never see a message in parts
  #assembly: MessageAssembly | null = null;
  #validator: Utf8Validator | null = null;

  constructor(options: FrameParserOptions) {
    this.#bytes = options.bytes;
    this.#streaming = options.mode === "stream";
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#maxFrames = this.#streaming ? Infinity : options.maxFramesPerMessage;
    this.#maxEmptyFrames = options.maxEmptyFrames;
  }

  /** Sets the longest message, for the rest of the one under way, too. */
  holdTo(bytes: number): void {
    this.#maxMessageBytes = bytes;
    this.#findMaxBytes();
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
    this.#type = type;
    this.#compressed = compressed;
    this.#findMaxBytes();
    this.#frames = 0;
    this.#emptyFrames = 0;
    this.#validator?.reset();
  }

  /** Judges a frame by its header, before a byte of the payload is taken, so that what is announced costs nothing. */
  announce(length: number, fin: boolean): ProtocolError | null {
    this.#emptyFrames = length === 0 ? this.#emptyFrames + 1 : 0;
    if (this.#emptyFrames > this.#maxEmptyFrames) return faults.tooManyEmptyFrames(this.#maxEmptyFrames);
    if (++this.#frames > this.#maxFrames) return faults.tooManyFrames(this.#maxFrames);
    this.#expected = fin ? this.length + length : this.#maxBytes;
    return this.judge(length);
  }

  /** Judges the message by the bytes of its frame that have not come. */
  judge(missing: number): ProtocolError | null {
    const size = this.length + missing;
    return size > this.#maxBytes ? faults.messageTooBig(size, this.#maxBytes) : null;
  }

  /** Keeps a part that others follow; false when it cannot belong to valid UTF-8. */
  append(buffer: Uint8Array, start: number, end: number): boolean {
    if (this.#type === "text" && !this.#compressed) {
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

  #findMaxBytes(): void {
    this.#maxBytes = this.#streaming
      ? Number.MAX_SAFE_INTEGER
      : maxWireBytes(this.#maxMessageBytes, this.#type, this.#compressed);
  }
}
