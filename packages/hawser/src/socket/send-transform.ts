import {
  type Deflater,
  FIN,
  OPCODE_BINARY,
  OPCODE_CONTINUATION,
  OPCODE_TEXT,
  type Role,
  RSV1,
} from "../protocol/index.js";
import { FrameEncoder } from "./frame-encoder.js";
import type { OutgoingStream } from "./outgoing-stream.js";
import type { Runtime } from "./runtime.js";
import type { RawMessage, SharedFrame } from "./send-item.js";

/** Frames made when their turn comes. */
export interface MadeFrames {
  readonly chunks: Uint8Array[];
  readonly bytes: number;
}

const NO_BYTES = new Uint8Array(0);

/** What happens to a message when its turn to be sent has come: compression, and the pieces of a stream. */
export class SendTransform {
  readonly #role: Role;
  readonly #runtime: Runtime;
  #deflater: Deflater | null = null;
  #takeover = false;

  constructor(runtime: Runtime, role: Role) {
    this.#runtime = runtime;
    this.#role = role;
  }

  useDeflater(deflater: Deflater, takeover: boolean): void {
    this.#deflater = deflater;
    this.#takeover = takeover;
  }

  close(): void {
    this.#deflater?.close();
    this.#deflater = null;
  }

  /** One frame around one payload. */
  frame(firstByte: number, payload: Uint8Array): MadeFrames {
    const encoder = new FrameEncoder(this.#runtime, this.#role);
    const bytes = encoder.addBytes(firstByte, payload);
    return { chunks: encoder.take(), bytes };
  }

  /** @throws what the compressor throws; a promise rejects with it */
  compress(raw: RawMessage): MadeFrames | Promise<MadeFrames> {
    if (raw.share !== undefined) {
      const shared = raw.share();
      return shared instanceof Promise ? shared.then((frame) => this.#useShared(frame)) : this.#useShared(shared);
    }
    const compressed = this.#deflater?.deflate(raw.data, true) ?? raw.data;
    if (!(compressed instanceof Promise)) return this.#frameCompressed(raw, compressed);
    return compressed.then((data) => this.#frameCompressed(raw, data));
  }

  /**
   * The next fragment of a stream, or null when its source gave nothing to send yet.
   * @throws (rejects) what the source or the compressor throws
   */
  async nextFragment(stream: OutgoingStream): Promise<MadeFrames | null> {
    const piece = await stream.next();
    if (stream.stopped || (piece !== null && piece.length === 0)) return null;
    const first = !stream.opened;
    stream.opened = true;
    const compress = stream.compress && this.#deflater !== null;
    // From here on the message cannot be taken back: the compressor's window would not be the peer's.
    if (compress) stream.begun = true;
    let payload = piece === null ? NO_BYTES : typeof piece === "string" ? this.#utf8(piece) : piece;
    if (compress) payload = (await this.#deflater?.deflate(payload, piece === null)) ?? payload;
    const opcode = !first ? OPCODE_CONTINUATION : stream.type === "text" ? OPCODE_TEXT : OPCODE_BINARY;
    stream.finished = piece === null;
    return this.frame((piece === null ? FIN : 0) | (compress && first ? RSV1 : 0) | opcode, payload);
  }

  /** The peer's window will know of it, our compressor's will not. */
  #useShared({ bytes, compressed }: SharedFrame): MadeFrames {
    if (compressed) this.#deflater?.forget();
    return { chunks: [bytes], bytes: bytes.length };
  }

  #frameCompressed(raw: RawMessage, compressed: Uint8Array): MadeFrames {
    // Without takeover nothing obliges us to send what compression made longer (RFC 7692 §7.2.1).
    const plain = !this.#takeover && compressed.length >= raw.data.length;
    return this.frame(FIN | (plain ? 0 : RSV1) | raw.opcode, plain ? raw.data : compressed);
  }

  #utf8(text: string): Uint8Array {
    const { bytes } = this.#runtime;
    const encoded = bytes.allocate(bytes.utf8ByteLength(text));
    bytes.encodeUtf8(text, encoded, 0);
    return encoded;
  }
}
