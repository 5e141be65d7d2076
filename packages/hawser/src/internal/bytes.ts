/**
 * The byte operations the engine needs, as an argument: `portableBytes` does them in plain ECMAScript, `node/` does them
 * with Node's own. Positions are absolute in the array given; `end` is exclusive.
 */
export interface ByteOperations {
  /** New memory, its contents undefined: whoever allocates writes every byte before anybody else may see it. */
  allocate(bytes: number): Uint8Array;
  /** Copies `source[start, end)` to `target` at `offset`. */
  copy(source: Uint8Array, start: number, end: number, target: Uint8Array, offset: number): void;
  /**
   * XORs `buffer[start, end)` in place with the masking key (RFC 6455 §5.3). `key` holds the four key octets, the first on
   * the wire in its highest byte; `phase` (0-3) is the position in the key of the first byte.
   */
  mask(buffer: Uint8Array, start: number, end: number, key: number, phase: number): void;
  /** Whether `buffer[start, end)` is whole, valid UTF-8. */
  isUtf8(buffer: Uint8Array, start: number, end: number): boolean;
  /** The text in `buffer[start, end)`, a byte order mark kept; undefined when it is not whole, valid UTF-8. */
  decodeUtf8(buffer: Uint8Array, start: number, end: number): string | undefined;
  /** How many bytes `text` has in UTF-8, lone surrogates counted as U+FFFD. */
  utf8ByteLength(text: string): number;
  /** Writes `text` in UTF-8 to `target` at `offset` and returns how many bytes that were; the caller made sure of the room. */
  encodeUtf8(text: string, target: Uint8Array, offset: number): number;
}

/** A copy of `source[start, end)` in a plain array of its own. (`slice` of Node's Buffer is a view, not a copy.) */
export function copyBytes(source: Uint8Array, start = 0, end: number = source.length): Uint8Array {
  const copy = new Uint8Array(end - start);
  copy.set(source.subarray(start, end));
  return copy;
}
