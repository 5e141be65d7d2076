// RFC 6455 §5, §7.4 and §8.1 once more: slow, from the text of the standard, over all the bytes at once. It shares nothing
// with the parser that is held against it.

export interface ModelOptions {
  readonly role: "client" | "server";
  readonly mode: "message" | "stream";
  readonly deflate: boolean;
  readonly maxMessageBytes: number;
  readonly maxFramesPerMessage: number;
  readonly maxEmptyFrames: number;
  readonly allowNonMinimalLengths: boolean;
}

interface ModelFrame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly rsv1: boolean;
  /** As far as it has come, unmasked. A character a byte. */
  readonly payload: string;
  readonly length: bigint;
  readonly end: number;
}

/** Why no frame can be read: more bytes are needed, or a rule is broken. */
type Stop = "incomplete" | "1002" | "1007" | "1008" | "1009";

// Unicode, table 3-7, a character a byte.
const SEQUENCE =
  "[\\x00-\\x7f]|[\\xc2-\\xdf][\\x80-\\xbf]|\\xe0[\\xa0-\\xbf][\\x80-\\xbf]|[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}" +
  "|\\xed[\\x80-\\x9f][\\x80-\\xbf]|\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}|[\\xf1-\\xf3][\\x80-\\xbf]{3}" +
  "|\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}";
const BEGINNING =
  "[\\xc2-\\xf4]|\\xe0[\\xa0-\\xbf]|[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]|\\xed[\\x80-\\x9f]" +
  "|\\xf0[\\x90-\\xbf][\\x80-\\xbf]?|[\\xf1-\\xf3][\\x80-\\xbf]{1,2}|\\xf4[\\x80-\\x8f][\\x80-\\xbf]?";
const wholeText = new RegExp(`^(?:${SEQUENCE})*$`);
const textBeginning = new RegExp(`^(?:${SEQUENCE})*(?:${BEGINNING})?$`);

/** What must come of the bytes: one line for each event; a fault, by its close code, is the last. */
export function runModel(bytes: Uint8Array, options: ModelOptions): string[] {
  const model = new Model(bytes, options);
  return model.run();
}

class Model {
  readonly #events: string[] = [];
  readonly #bytes: Uint8Array;
  readonly #options: ModelOptions;
  #message: { kind: string; text: boolean; compressed: boolean; content: string; frames: number } | null = null;
  #emptyInRow = 0;

  constructor(bytes: Uint8Array, options: ModelOptions) {
    this.#bytes = bytes;
    this.#options = options;
  }

  run(): string[] {
    let at = 0;
    for (;;) {
      const frame = this.#readFrame(at);
      const stop = typeof frame === "string" ? frame : this.#takeFrame(frame);
      if (stop === "closed") return this.#events;
      if (stop !== "next") {
        this.#addPieces();
        if (stop !== "incomplete") this.#events.push(`failed ${stop}`);
        return this.#events;
      }
      at = typeof frame === "string" ? at : frame.end;
    }
  }

  #byte(at: number): number | undefined {
    return this.#bytes[at];
  }

  #readFrame(at: number): ModelFrame | Stop {
    const { role, deflate, allowNonMinimalLengths } = this.#options;
    const first = this.#byte(at);
    if (first === undefined) return "incomplete";
    const fin = first >= 128;
    const opcode = first % 16;
    const [rsv1, rsv2, rsv3] = [64, 32, 16].map((bit) => Math.floor(first / bit) % 2 === 1);
    const isData = opcode === 1 || opcode === 2;
    const isControl = opcode === 8 || opcode === 9 || opcode === 10;
    if (rsv2 || rsv3 || (rsv1 && !(deflate && isData))) return "1002";
    if (!isData && !isControl && opcode !== 0) return "1002";
    if (isControl && !fin) return "1002";
    if (opcode === 0 && this.#message === null) return "1002";
    if (isData && this.#message !== null) return "1002";

    const second = this.#byte(at + 1);
    if (second === undefined) return "incomplete";
    const masked = second >= 128;
    if (masked !== (role === "server")) return "1002";
    const short = second % 128;
    if (isControl && short > 125) return "1002";
    if (opcode === 8 && short === 1) return "1002";

    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (lengthBytes === 8 && (this.#byte(at + 2) ?? 0) >= 128) return "1002";
    const length = lengthBytes === 0 ? BigInt(short) : this.#readNumber(at + 2, lengthBytes);
    if (length === undefined) return "incomplete";
    const tooLong = (lengthBytes === 2 && length < 126n) || (lengthBytes === 8 && length < 65_536n);
    if (tooLong && !allowNonMinimalLengths) return "1002";

    const keyAt = at + 2 + lengthBytes;
    const start = keyAt + (masked ? 4 : 0);
    if (this.#bytes.length < start) return "incomplete";
    const available = BigInt(this.#bytes.length - start);
    const end = start + Number(length < available ? length : available);
    let payload = "";
    for (let index = start; index < end; index++) {
      const key = masked ? (this.#byte(keyAt + ((index - start) % 4)) ?? 0) : 0;
      payload += String.fromCharCode((this.#byte(index) ?? 0) ^ key);
    }
    return { fin, opcode, rsv1: rsv1 === true, payload, length, end };
  }

  #readNumber(at: number, count: number): bigint | undefined {
    let value = 0n;
    for (let index = at; index < at + count; index++) {
      const byte = this.#byte(index);
      if (byte === undefined) return undefined;
      value = value * 256n + BigInt(byte);
    }
    return value;
  }

  #takeFrame(frame: ModelFrame): Stop | "next" | "closed" {
    const whole = BigInt(frame.payload.length) === frame.length;
    if (frame.opcode >= 8) return whole ? this.#takeControl(frame) : "incomplete";
    return this.#takeData(frame, whole);
  }

  #takeControl({ opcode, payload }: ModelFrame): Stop | "next" | "closed" {
    if (opcode !== 8) {
      this.#addPieces();
      this.#events.push(`${opcode === 9 ? "ping" : "pong"} ${hex(payload)}`);
      return "next";
    }
    let code = 1005;
    if (payload !== "") {
      code = payload.charCodeAt(0) * 256 + payload.charCodeAt(1);
      const legal =
        (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
      if (!legal) return "1002";
      if (!wholeText.test(payload.slice(2))) return "1007";
    }
    this.#addPieces();
    this.#events.push(`close ${code} ${hex(payload.slice(2))}`);
    return "closed";
  }

  #takeData(frame: ModelFrame, whole: boolean): Stop | "next" {
    const { mode, maxFramesPerMessage, maxEmptyFrames } = this.#options;
    const first = this.#message === null;
    const text = frame.opcode === 1;
    this.#message ??= {
      kind: `${text ? "text" : "binary"}${frame.rsv1 ? " compressed" : ""}`,
      text,
      compressed: frame.rsv1,
      content: "",
      frames: 0,
    };
    const message = this.#message;
    if (first) this.#emptyInRow = 0;
    this.#emptyInRow = frame.length === 0n ? this.#emptyInRow + 1 : 0;
    message.frames++;
    if (this.#emptyInRow > maxEmptyFrames) return "1008";
    if (mode === "message" && message.frames > maxFramesPerMessage) return "1008";
    const size = BigInt(mode === "message" ? message.content.length : 0) + frame.length;
    if (size > this.#maxBytes(message.text, message.compressed)) return "1009";
    if (first && mode === "stream") this.#events.push(`begin ${message.kind}`);
    message.content += frame.payload;
    const checked = mode === "message" && message.text && !message.compressed;
    if (checked && !textBeginning.test(message.content)) return "1007";
    if (!whole) return "incomplete";
    if (!frame.fin) return "next";
    if (checked && !wholeText.test(message.content)) return "1007";
    if (mode === "stream") {
      this.#addPieces();
      this.#events.push("end");
    } else {
      this.#events.push(`${message.kind} ${hex(message.content)}`);
    }
    this.#message = null;
    return "next";
  }

  #maxBytes(text: boolean, compressed: boolean): bigint {
    const { mode, maxMessageBytes: limit } = this.#options;
    // what a double counts exactly
    if (mode === "stream") return 2n ** 53n - 1n;
    // what cannot be compressed becomes longer by a sixteenth at most, and 64 bytes
    if (compressed) return BigInt(Math.min(limit + Math.floor(limit / 16) + 64, 2 ** 31 - 1));
    // no string is longer
    return BigInt(text ? Math.min(limit, 2 ** 29 - 24) : limit);
  }

  /** The content that came since the last event. */
  #addPieces(): void {
    const message = this.#message;
    if (this.#options.mode !== "stream" || message === null || message.content === "") return;
    this.#events.push(`pieces ${hex(message.content)}`);
    message.content = "";
  }
}

function hex(content: string): string {
  return Buffer.from(content, "latin1").toString("hex");
}
