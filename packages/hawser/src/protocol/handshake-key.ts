/** Appended to the key before hashing (RFC 6455 §1.3). */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** SHA-1 of a text's bytes: 20 bytes. The engine has no hash of its own. */
export type Sha1 = (bytes: Uint8Array) => Uint8Array;

/** Fills an array with random bytes. */
export type RandomSource = (target: Uint8Array) => void;

/** A fresh Sec-WebSocket-Key: base64 of 16 random bytes (RFC 6455 §4.1). */
export function createKey(random: RandomSource): string {
  const bytes = new Uint8Array(16);
  random(bytes);
  return encodeBase64(bytes);
}

/** Whether `text` is base64 of 16 bytes: 22 characters of the alphabet and two of padding. */
export function isKey(text: string): boolean {
  return /^[A-Za-z0-9+/]{22}==$/.test(text);
}

/** The Sec-WebSocket-Accept that answers `key` (RFC 6455 §4.2.2). */
export function acceptKey(key: string, sha1: Sha1): string {
  const text = key + ACCEPT_SUFFIX;
  return encodeBase64(sha1(Uint8Array.from(text, (character) => character.charCodeAt(0))));
}

/** RFC 4648 §4, with padding. */
function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  let pending = 0; // the bits not yet written, of which the lowest `bits` count
  let bits = 0;
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    for (bits += 8; bits >= 6; bits -= 6) text += ALPHABET.charAt((pending >> (bits - 6)) & 63);
    pending &= 63;
  }
  if (bits > 0) text += ALPHABET.charAt((pending << (6 - bits)) & 63);
  return text + "=".repeat(-text.length & 3);
}
