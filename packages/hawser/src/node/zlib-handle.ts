import { constants, createDeflateRaw, createInflateRaw } from "node:zlib";
import type { DeflateRaw, InflateRaw } from "node:zlib";

/**
 * zlib without its stream: one synchronous call of the native handle that every stream of `node:zlib` has. That takes an
 * eighth to a half of the time for small messages, and no thread. The handle is not documented; `canUseHandles` finds out
 * whether it is what we know (Node 20 to 26). Without it `zlib-stream.ts` does the same by documented means.
 *
 * The handle ends the whole process when it is called in a wrong way: after its close, with another number of arguments, or
 * out of bounds. So all calls are made in this file.
 */
interface RawHandle {
  // oxlint-disable-next-line max-params -- Node's own
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputBytes: number,
    output: Uint8Array,
    outputStart: number,
    outputBytes: number,
  ): void;
  reset(): void;
  onerror: (message: string, errno: number, code: string) => void;
}

interface RawStream {
  readonly _handle: RawHandle;
  /** What the last call left: room in the output, then bytes of the input. */
  readonly _writeState: Uint32Array;
  _processChunk(input: Uint8Array, flush: number): Uint8Array;
}

/** The smallest chunk size that Node takes. Streams allocate it, and ours never use it. */
const UNUSED_CHUNK_BYTES = 64;

/** What a context of zlib is made with. */
export interface ContextSettings {
  readonly kind: "deflate" | "inflate";
  /** 8 to 15. For deflate 8 means 9, whose distances end at 250: zlib keeps 262 bytes of a window back. */
  readonly windowBits: number;
  readonly level: number;
}

/** The memory that zlib uses to compress grows with both; a small window gains nothing from a large table. */
export function memLevelFor(windowBits: number): number {
  return windowBits > 12 ? 8 : 5;
}

const KIB = 1024;

/**
 * What a context takes of the process's memory at most, counted here as `process.memoryUsage` does not know. Compression: the
 * window twice, a link for each of its places, the table of hashes (64 KiB in Node's zlib), what waits to be put out, and
 * Node's object. That is 262 KiB for 15 bits (214 measured after 49 messages) and 94 KiB for 12 (99). Decompression: the
 * window and 10 KiB of tables.
 */
export function contextBytes({ kind, windowBits }: Pick<ContextSettings, "kind" | "windowBits">): number {
  const windowBytes = 2 ** windowBits;
  if (kind === "inflate") return windowBytes + 10 * KIB;
  return 4 * windowBytes + 64 * KIB + 2 ** (memLevelFor(windowBits) + 8) + 6 * KIB;
}

/** A part of an array: where bytes come from, or where they may go. */
export interface Span {
  bytes: Uint8Array;
  start: number;
  end: number;
}

/** One context of zlib, used synchronously. */
export class ZlibContext {
  readonly settings: ContextSettings;
  /** Whether the data was found to be corrupt; only `reset` is of use then. */
  failed = false;
  readonly #stream: DeflateRaw | InflateRaw;
  readonly #state: Uint32Array;
  #handle: RawHandle | null;

  constructor(settings: ContextSettings) {
    this.settings = settings;
    this.#stream = createStream(settings);
    const { _handle: handle, _writeState: state } = this.#stream as unknown as RawStream; // `canUseHandles` has looked
    // Node's own destroys the stream
    handle.onerror = () => {
      this.failed = true;
    };
    this.#handle = handle;
    this.#state = state;
  }

  get closed(): boolean {
    return this.#handle === null;
  }

  /** Moves what it can from `input` to `output`, and both their starts with it. With `more`, deflate keeps back what it likes. */
  step(input: Span, output: Span, more = false): void {
    const inputBytes = input.end - input.start;
    const room = output.end - output.start;
    const inside = input.start >= 0 && inputBytes >= 0 && input.end <= input.bytes.length;
    if (this.#handle === null || !inside || output.start < 0 || room <= 0 || output.end > output.bytes.length) {
      throw new RangeError("zlib was used after its close or out of bounds"); // instead of ending the process
    }
    this.#handle.writeSync(
      more ? constants.Z_NO_FLUSH : constants.Z_SYNC_FLUSH,
      input.bytes,
      input.start,
      inputBytes,
      output.bytes,
      output.start,
      room,
    );
    output.start = output.end - (this.#state[0] ?? 0);
    input.start = input.end - (this.#state[1] ?? 0);
  }

  /** Forgets all data seen. */
  reset(): void {
    this.failed = false;
    this.#handle?.reset();
  }

  /** Gives the memory back; zlib's does not count for the garbage collector, so it must not be left to it. */
  close(): void {
    if (this.#handle === null) return;
    this.#handle = null;
    this.#stream.close();
  }
}

function createStream({ kind, windowBits, level }: ContextSettings): DeflateRaw | InflateRaw {
  const chunkSize = UNUSED_CHUNK_BYTES;
  if (kind === "inflate") return createInflateRaw({ chunkSize, windowBits });
  return createDeflateRaw({ chunkSize, windowBits, level, memLevel: memLevelFor(windowBits) });
}

/**
 * Whether the native handle is the one we know. Node's own code makes the call here and is listened to, so that a changed
 * signature is seen and never tried.
 */
export function canUseHandles(): boolean {
  try {
    const stream = createDeflateRaw({ chunkSize: UNUSED_CHUNK_BYTES });
    stream.on("error", () => {});
    return isKnown(stream as unknown as RawStream); // looks at every field before it is used
  } catch {
    return false;
  }
}

function isKnown(stream: RawStream): boolean {
  const { _handle: handle, _writeState: state } = stream;
  const original = handle.writeSync; // oxlint-disable-line typescript/unbound-method -- applied to its handle below
  const input = Buffer.from("probe");
  const calls: unknown[][] = [];
  handle.writeSync = (...seen: unknown[]) => {
    calls.push(seen);
    Reflect.apply(original, handle, seen);
  };
  const output = stream._processChunk(input, constants.Z_SYNC_FLUSH); // closes the handle, too
  const [flush, bytes, start, length, target, offset, room] = calls[0] ?? [];
  return (
    calls.length === 1 &&
    calls[0]?.length === 7 &&
    flush === constants.Z_SYNC_FLUSH &&
    bytes === input &&
    start === 0 &&
    length === input.length &&
    ArrayBuffer.isView(target) &&
    offset === 0 &&
    room === UNUSED_CHUNK_BYTES &&
    state instanceof Uint32Array &&
    state.length === 2 &&
    state[0] === UNUSED_CHUNK_BYTES - output.length &&
    state[1] === 0 &&
    typeof handle.reset === "function"
  );
}
