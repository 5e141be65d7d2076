import { quiet } from "../internal/deferred.js";
import { UsageError } from "../internal/errors.js";
import { type DeflatePort, FIN, OPCODE_BINARY, OPCODE_TEXT, RSV1 } from "../protocol/index.js";
import { encodeServerFrame } from "./frame-encoder.js";
import type { Runtime } from "./runtime.js";
import type { SharedFrame } from "./send-item.js";

const MAX_WINDOW_BITS = 15;

type MaybeLater<T> = T | Promise<T>;

/** A message encoded once, to be sent to many by `postEncoded`: as it is, and compressed for those who agreed to that. */
export class EncodedMessage {
  readonly data: string | Uint8Array;
  readonly opcode: number;
  /** A copy: it may be compressed when the caller's data has changed. */
  readonly payload: Uint8Array;
  /** The message in one unmasked frame. */
  readonly frame: Uint8Array;
  readonly compress: boolean;
  readonly #runtime: Runtime;
  readonly #compressed: Map<DeflatePort, Map<number, MaybeLater<SharedFrame>>> = new Map();

  constructor(data: string | ArrayBufferView | ArrayBuffer, runtime: Runtime, compress: boolean) {
    const payload = toBytes(data, runtime);
    this.opcode = typeof data === "string" ? OPCODE_TEXT : OPCODE_BINARY;
    this.frame = encodeServerFrame(runtime, FIN | this.opcode, payload);
    this.payload = this.frame.subarray(this.frame.length - payload.length);
    this.data = typeof data === "string" ? data : this.payload;
    this.compress = compress;
    this.#runtime = runtime;
  }

  /**
   * The message in a frame for a peer whose inflater has a window of `windowBits`, compressed when it is first asked for. It
   * refers to nothing outside of itself. A message that fits into every window asked for is compressed once for all of them.
   */
  compressed(port: DeflatePort, windowBits: number): MaybeLater<SharedFrame> {
    const bits = this.payload.length <= 2 ** windowBits ? MAX_WINDOW_BITS : windowBits;
    const frames = this.#compressed.get(port) ?? new Map<number, MaybeLater<SharedFrame>>();
    this.#compressed.set(port, frames);
    let frame = frames.get(bits);
    if (frame === undefined) {
      frame = this.#compress(port, bits);
      frames.set(bits, frame);
    }
    return frame;
  }

  #compress(port: DeflatePort, windowBits: number): MaybeLater<SharedFrame> {
    const deflater = port.createDeflater({ windowBits, takeover: false });
    const made = deflater.deflate(this.payload, true);
    if (!(made instanceof Promise)) {
      deflater.close();
      return this.#choose(made);
    }
    // the connections are not charged with it: it is there once for all
    const { ledger } = this.#runtime;
    const { length } = this.payload;
    ledger.add(length);
    const end = (): void => {
      ledger.add(-length);
      deflater.close();
    };
    // everyone who waits for it may be gone by then
    return quiet(made.then((bytes) => this.#choose(bytes)).finally(end));
  }

  /** Nobody is obliged to send what compression made longer. */
  #choose(compressed: Uint8Array): SharedFrame {
    if (compressed.length >= this.payload.length) return { bytes: this.frame, compressed: false };
    const bytes = encodeServerFrame(this.#runtime, FIN | RSV1 | this.opcode, compressed);
    return { bytes, compressed: true };
  }
}

/** Encodes a message for many. `compress`: whether it may be compressed, by default true. */
export function encodeMessage(
  data: string | ArrayBufferView | ArrayBuffer,
  options: { readonly runtime: Runtime; readonly compress?: boolean | undefined },
): EncodedMessage {
  return new EncodedMessage(data, options.runtime, options.compress ?? true);
}

/**
 * The bytes of what can be sent; text in UTF-8.
 * @throws UsageError INVALID_ARGUMENT for anything else
 */
export function toBytes(data: string | ArrayBufferView | ArrayBuffer, runtime: Runtime): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (typeof data === "string") {
    const encoded = runtime.bytes.allocate(runtime.bytes.utf8ByteLength(data));
    runtime.bytes.encodeUtf8(data, encoded, 0);
    return encoded;
  }
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  const kind = data === null ? "null" : typeof data;
  throw new UsageError("INVALID_ARGUMENT", `a message is ${kind}: expected a string, an ArrayBuffer or a view on one`, {
    facts: { kind },
  });
}
