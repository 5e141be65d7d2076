import { createHash } from "node:crypto";

/** SHA-1, which the accept key is made with (RFC 6455 §4.2.2); it protects nothing there. */
export function sha1(data: Uint8Array): Uint8Array {
  const digest = createHash("sha1").update(data).digest();
  return new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength);
}
