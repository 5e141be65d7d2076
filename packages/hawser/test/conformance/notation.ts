// Bytes written as text, for vectors that people can read and that stay short: see vectors/README.md.

const TOKEN = /\s*(?:\(([0-9a-f]+)\)\*([0-9]+)|text\(([0-9]+),([0-9]+)\)|([0-9a-f]+))/y;

/** The bytes of a notation: hexadecimal digits, `(hex)*count`, `text(seed,length)`, one behind the other. */
export function expandBytes(notation: string): Buffer {
  const parts: Buffer[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  for (let match = TOKEN.exec(notation); match !== null; match = TOKEN.exec(notation)) {
    end = TOKEN.lastIndex;
    parts.push(expandToken(match));
  }
  if (notation.slice(end).trim() !== "") throw new Error(`not a notation of bytes: ${notation.slice(end, end + 40)}`);
  return Buffer.concat(parts);
}

/** UTF-8 in hexadecimal. */
export function hexOf(text: string | Uint8Array): string {
  return (typeof text === "string" ? Buffer.from(text, "utf8") : Buffer.from(text)).toString("hex");
}

function expandToken([, unit, count, seed, length, hex]: RegExpExecArray): Buffer {
  if (unit !== undefined) return Buffer.alloc(decodeHex(unit).length * Number(count), decodeHex(unit));
  if (seed !== undefined) return createText(Number(seed), Number(length));
  return decodeHex(hex ?? "");
}

function decodeHex(digits: string): Buffer {
  if (digits.length % 2 !== 0) throw new Error(`an odd number of hexadecimal digits: ${digits.slice(0, 40)}`);
  return Buffer.from(digits, "hex");
}

/** Letters a to d that repeat only by chance: what a window can be told by. */
function createText(seed: number, length: number): Buffer {
  const text = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    text[at] = 0x61 + ((state >>> 16) & 3);
  }
  return text;
}
