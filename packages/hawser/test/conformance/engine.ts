import type { ByteOperations } from "../../src/internal/bytes.js";
import { ProtocolError } from "../../src/internal/errors.js";
import { createZlibDeflate, ZlibPool } from "../../src/node/index.js";
import { FrameParser, type Inflater, ParseEvent, type Role, Utf8Decoder } from "../../src/protocol/index.js";
import { type Vector, vectorLimits } from "./vector.js";

/** An event with its content as bytes, texts in UTF-8. */
export type EngineEvent =
  | { readonly type: "text" | "binary" | "ping" | "pong"; readonly payload: Uint8Array }
  | { readonly type: "close"; readonly code: number; readonly reason: string };

export interface EngineOptions {
  readonly role: Role;
  readonly mode: "message" | "stream";
  readonly bytes: ByteOperations;
}

// nothing here takes turns with anybody
const port = createZlibDeflate({ pool: new ZlibPool({ inflateSliceBytes: Infinity }) });
const NOTHING = new Uint8Array(0);

/** Frames to messages without a socket: the parser and the inflater, and nothing else. */
export class Engine {
  readonly events: EngineEvent[] = [];
  fault: ProtocolError | null = null;
  /** How many bytes had been pushed when the fault was reported. */
  failedAfter = 0;
  /** The most memory held, beyond twice what had been pushed. */
  excessBytes = 0;
  #pushed = 0;
  readonly #bytes: ByteOperations;
  readonly #parser: FrameParser;
  readonly #inflater: Inflater | null;
  readonly #maxMessageBytes: number;
  #pieces: Uint8Array[] = [];
  #decoder: Utf8Decoder | null = null;

  constructor(vector: Pick<Vector, "deflate" | "limits" | "allowNonMinimalLengths">, options: EngineOptions) {
    const limits = { ...vectorLimits, ...vector.limits };
    const { deflate, allowNonMinimalLengths = false } = vector;
    this.#parser = new FrameParser({ ...limits, ...options, allowNonMinimalLengths, deflate: deflate !== null });
    this.#inflater = deflate === null ? null : port.createInflater(deflate);
    this.#maxMessageBytes = limits.maxMessageBytes;
    this.#bytes = options.bytes;
  }

  push(buffer: Uint8Array, start: number, end: number): void {
    this.#pushed += end - start;
    const parser = this.#parser;
    parser.push(buffer, start, end);
    for (let event = parser.next(); event !== ParseEvent.needMore; event = parser.next()) {
      if (this.fault !== null) continue;
      try {
        this.#take(event);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        this.#fail(error);
      }
    }
    this.excessBytes = Math.max(this.excessBytes, parser.retainedBytes - 2 * this.#pushed);
  }

  close(): void {
    this.#inflater?.close();
  }

  #fail(error: ProtocolError): void {
    this.fault = error;
    this.failedAfter = this.#pushed;
    this.#parser.discard();
  }

  #take(event: ParseEvent): void {
    const parser = this.#parser;
    switch (event) {
      case ParseEvent.message:
        this.#takeMessage();
        return;
      case ParseEvent.begin:
        this.#pieces = [];
        this.#decoder = parser.type === "text" ? new Utf8Decoder(this.#bytes) : null;
        return;
      case ParseEvent.piece:
        this.#takePiece(this.#payload(), false);
        return;
      case ParseEvent.end:
        this.#endStream();
        return;
      case ParseEvent.ping:
        this.events.push({ type: "ping", payload: new Uint8Array(this.#payload()) });
        return;
      case ParseEvent.pong:
        this.events.push({ type: "pong", payload: new Uint8Array(this.#payload()) });
        return;
      case ParseEvent.close:
        this.events.push({ type: "close", code: parser.closeCode, reason: parser.closeReason });
        return;
      case ParseEvent.failed:
        if (parser.error !== null) this.#fail(parser.error);
        return;
      case ParseEvent.needMore:
    }
  }

  #takeMessage(): void {
    const { type, compressed, text } = this.#parser;
    if (compressed) {
      this.#addMessage(type, this.#inflate(this.#payload(), true, this.#maxMessageBytes));
    } else if (type === "text") {
      this.events.push({ type, payload: Buffer.from(text ?? "no text", "utf8") });
    } else {
      this.events.push({ type, payload: new Uint8Array(this.#payload()) });
    }
  }

  #addMessage(type: "text" | "binary", payload: Uint8Array): void {
    const valid = type === "binary" || this.#bytes.decodeUtf8(payload, 0, payload.length) !== undefined;
    if (!valid) throw invalidText();
    this.events.push({ type, payload });
  }

  #takePiece(piece: Uint8Array, last: boolean): void {
    const data = this.#parser.compressed ? this.#inflate(piece, last, Infinity) : new Uint8Array(piece);
    if (this.#decoder === null) {
      this.#pieces.push(data);
      return;
    }
    const text = this.#decoder.decode(data, 0, data.length);
    if (text === undefined) throw invalidText();
    this.#pieces.push(Buffer.from(text, "utf8"));
  }

  #endStream(): void {
    if (this.#parser.compressed) this.#takePiece(NOTHING, true);
    if (this.#decoder?.finish() === false) throw invalidText();
    this.events.push({ type: this.#parser.type, payload: Buffer.concat(this.#pieces) });
    this.#pieces = [];
  }

  #inflate(piece: Uint8Array, last: boolean, maxBytes: number): Uint8Array {
    const inflated = this.#inflater?.inflate(piece, last, maxBytes);
    if (!(inflated instanceof Uint8Array)) throw new Error("the inflater did not answer at once");
    return inflated;
  }

  #payload(): Uint8Array {
    return this.#parser.buffer.subarray(this.#parser.start, this.#parser.end);
  }
}

function invalidText(): ProtocolError {
  return new ProtocolError("UTF8_INVALID", 1007, "a text message is not valid UTF-8");
}
