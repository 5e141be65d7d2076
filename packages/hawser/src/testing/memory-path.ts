import { Fifo } from "../internal/fifo.js";

/** What the writer gave and the path has not taken. */
interface WaitingChunk {
  readonly chunk: Uint8Array;
  /** How `chunk` looked when it was written: nobody may change it while it waits. */
  readonly snapshot: Uint8Array;
  taken: number;
}

interface Segment {
  readonly bytes: Uint8Array;
  /** When it arrives at the reader. */
  readonly at: number;
  read: number;
}

/**
 * One direction of a connection in memory: what an operating system's two buffers and the wire between them hold. It takes
 * bytes from the writer while it holds fewer than its capacity, and frees room when the reader reads.
 */
export class MemoryPath {
  readonly #capacityBytes: number;
  readonly #waiting = new Fifo<WaitingChunk>();
  readonly #segments: Segment[] = [];
  #finAsked = false;
  /** Bytes written and not taken. */
  waitingBytes = 0;
  /** Bytes taken and not read. */
  heldBytes = 0;
  /** When the end of the direction arrives; undefined while it is open. */
  finAt: number | undefined;
  /** Nothing arrives any more: the cable is cut, and nobody is told. */
  silent = false;

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  write(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#waiting.push({ chunk, snapshot: new Uint8Array(chunk), taken: 0 }); // a Buffer's slice would not copy
    this.waitingBytes += chunk.length;
  }

  end(): void {
    this.#finAsked = true;
  }

  /** Forgets what is not taken. */
  dropWaiting(): void {
    this.#waiting.clear();
    this.waitingBytes = 0;
  }

  /**
   * Takes what there is room for, to arrive at `at`, and returns how many bytes that was; behind the last goes the end.
   * @throws Error when a chunk was changed while it waited
   */
  take(at: number): number {
    let taken = 0;
    for (let item = this.#waiting.peek(); item !== undefined; item = this.#waiting.peek()) {
      const count = Math.min(item.chunk.length - item.taken, this.#capacityBytes - this.heldBytes);
      if (count <= 0) break;
      checkUnchanged(item, count);
      this.#segments.push({ bytes: item.snapshot.slice(item.taken, item.taken + count), at, read: 0 });
      item.taken += count;
      this.heldBytes += count;
      this.waitingBytes -= count;
      taken += count;
      if (item.taken === item.chunk.length) this.#waiting.shift();
    }
    if (this.#finAsked && this.waitingBytes === 0) this.finAt ??= at;
    return taken;
  }

  /** When the next byte to be read arrives; undefined when none is held. */
  get nextAt(): number | undefined {
    return this.#segments[0]?.at;
  }

  /** How many bytes have arrived by `now`, counted to `maxBytes`. */
  arrived(now: number, maxBytes: number): number {
    let bytes = 0;
    for (const segment of this.#segments) {
      if (segment.at > now || bytes >= maxBytes) break;
      bytes += segment.bytes.length - segment.read;
    }
    return Math.min(bytes, maxBytes);
  }

  /** Reads the next bytes; there must be as many as `target` is long. */
  read(target: Uint8Array): void {
    for (let filled = 0; filled < target.length;) {
      const segment = this.#segments[0];
      if (segment === undefined) return;
      const part = segment.bytes.subarray(segment.read, segment.read + target.length - filled);
      target.set(part, filled);
      filled += part.length;
      segment.read += part.length;
      this.heldBytes -= part.length;
      if (segment.read === segment.bytes.length) this.#segments.shift();
    }
  }
}

function checkUnchanged({ chunk, snapshot, taken }: WaitingChunk, count: number): void {
  for (let at = taken; at < taken + count; at++) {
    if (chunk[at] !== snapshot[at]) throw new Error(`byte ${at} of a chunk was changed while it waited to be written`);
  }
}
