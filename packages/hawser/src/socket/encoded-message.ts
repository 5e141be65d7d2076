import { UsageError } from "../internal/errors.js";
import { OPCODE_BINARY, OPCODE_TEXT } from "../protocol/index.js";
import { encodeServerFrame } from "./frame-encoder.js";
import type { Runtime } from "./runtime.js";

/** A message encoded once, to be sent to many by `postEncoded`. */
export interface EncodedMessage {
  readonly data: string | Uint8Array;
  readonly payload: Uint8Array;
  /** The message in one unmasked frame. */
  readonly frame: Uint8Array;
}

export function encodeMessage(data: string | ArrayBufferView | ArrayBuffer, runtime: Runtime): EncodedMessage {
  const payload = toBytes(data, runtime);
  const frame = encodeServerFrame(runtime, typeof data === "string" ? OPCODE_TEXT : OPCODE_BINARY, payload);
  return { data: typeof data === "string" ? data : payload, payload, frame };
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
