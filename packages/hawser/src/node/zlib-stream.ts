import { constants, createDeflateRaw, createInflateRaw } from "node:zlib";
import type { DeflateRaw, InflateRaw } from "node:zlib";
import { ConnectionError } from "../internal/errors.js";
import type { DeflateContext, Deflater, Inflater } from "../protocol/index.js";
import {
  closedAlready,
  corrupt,
  emptyMessage,
  isWholeEnd,
  MAX_FINAL_BLOCKS,
  TAIL,
  TAIL_AND_END,
  tooBig,
} from "./deflate-rules.js";
import { memLevelFor } from "./zlib-handle.js";

/**
 * permessage-deflate by the documented streams of `node:zlib`, for a Node whose handles are not the known ones. Slower, and
 * every answer is a promise. A stream lives for a message, or for the connection when its window is kept.
 */
export class StreamDeflater implements Deflater {
  readonly #context: DeflateContext;
  readonly #level: number;
  #stream: DeflateRaw | null = null;
  #closed = false;

  constructor(context: DeflateContext, level: number) {
    this.#context = context;
    this.#level = level;
  }

  async deflate(piece: Uint8Array, last: boolean): Promise<Uint8Array> {
    if (this.#closed) throw closedAlready();
    // a flush that has nothing new to flush is answered with nothing
    if (piece.length === 0 && !last) return new Uint8Array(0);
    if (piece.length === 0) {
      this.#endMessage();
      return emptyMessage();
    }
    this.#stream ??= this.#create();
    const { output } = await pump(this.#stream, [piece], Infinity);
    if (!last) return join(output, 0);
    this.#endMessage();
    return join(output, TAIL.length);
  }

  close(): void {
    this.#closed = true;
    this.#release();
  }

  #endMessage(): void {
    if (!this.#context.takeover) this.#release();
  }

  #release(): void {
    this.#stream?.destroy();
    this.#stream = null;
  }

  #create(): DeflateRaw {
    const windowBits = Math.max(9, this.#context.windowBits);
    return guard(createDeflateRaw({ windowBits, level: this.#level, memLevel: memLevelFor(windowBits) }));
  }
}

export class StreamInflater implements Inflater {
  readonly #context: DeflateContext;
  #stream: InflateRaw | null = null;
  #closed = false;

  constructor(context: DeflateContext) {
    this.#context = context;
  }

  async inflate(piece: Uint8Array, last: boolean, maxBytes: number): Promise<Uint8Array> {
    if (this.#closed) throw closedAlready();
    const tail = !last ? [] : [this.#context.takeover ? TAIL : TAIL_AND_END];
    try {
      const output = await this.#inflate([piece, ...tail], maxBytes);
      if (last && !this.#context.takeover) this.#release();
      return output;
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#release();
  }

  async #inflate([piece, tail]: Uint8Array[], maxBytes: number): Promise<Uint8Array> {
    const output: Uint8Array[] = [];
    let bytes = 0;
    let rest = piece;
    let idle = false;
    for (let finalBlocks = 0; finalBlocks <= MAX_FINAL_BLOCKS && rest !== undefined; finalBlocks++) {
      const stream = (this.#stream ??= guard(createInflateRaw({ windowBits: this.#context.windowBits })));
      const parts: Uint8Array[] = tail === undefined ? [rest] : [rest, tail];
      const result = await pump(stream, parts, maxBytes - bytes);
      output.push(...result.output);
      bytes += result.bytes;
      if (!result.ended) {
        if (tail === TAIL_AND_END) break;
        return join(output, 0);
      }
      this.#release();
      const left = rest.length - result.used;
      // the end that was put behind the message, or a final block at its very end: see InflatePass.endMessage
      if (tail !== undefined && (left === 0 || (tail === TAIL_AND_END && isWholeEnd(-left)))) return join(output, 0);
      if (left < 0 || (idle && result.used === 0)) break;
      idle = result.used === 0;
      rest = rest.subarray(result.used);
    }
    throw corrupt();
  }

  #release(): void {
    this.#stream?.destroy();
    this.#stream = null;
  }
}

interface PumpResult {
  readonly output: Uint8Array[];
  readonly bytes: number;
  /** Whether the compressed stream has come to its end (a final block). */
  readonly ended: boolean;
  /** Bytes of the input that it took before it ended. */
  readonly used: number;
}

/** Sends `parts` through the stream and flushes it. Rejects when the stream fails, is destroyed, or gives too much. */
function pump(stream: DeflateRaw | InflateRaw, parts: Uint8Array[], maxBytes: number): Promise<PumpResult> {
  return new Promise((resolve, reject) => {
    const output: Uint8Array[] = [];
    const before = stream.bytesWritten;
    let bytes = 0;
    const settle = (finish: () => void): void => {
      stream.off("data", onData).off("error", onError).off("end", onEnd).off("close", onClose);
      finish();
    };
    const result = (ended: boolean): PumpResult => ({ output, bytes, ended, used: stream.bytesWritten - before });
    const onData = (chunk: Uint8Array): void => {
      bytes += chunk.length;
      output.push(chunk);
      if (bytes <= maxBytes) return;
      settle(() => reject(tooBig(maxBytes)));
      stream.destroy();
    };
    const onError = (error: Error): void => settle(() => reject(corrupt(error)));
    const onEnd = (): void => settle(() => resolve(result(true)));
    const onClose = (): void => settle(() => reject(new ConnectionError("ABORTED", "the connection was closed")));
    stream.on("data", onData).on("error", onError).on("end", onEnd).on("close", onClose);
    for (const part of parts) if (part.length > 0) stream.write(part);
    stream.flush(constants.Z_SYNC_FLUSH, () => settle(() => resolve(result(false))));
  });
}

/** Keeps an error that comes after the message was answered from ending the process. */
function guard<Stream extends DeflateRaw | InflateRaw>(stream: Stream): Stream {
  stream.on("error", () => {});
  return stream;
}

function join(parts: readonly Uint8Array[], dropped: number): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0) - dropped;
  const joined = new Uint8Array(Math.max(0, length));
  let at = 0;
  for (const part of parts) {
    const kept = part.subarray(0, joined.length - at);
    joined.set(kept, at);
    at += kept.length;
  }
  return joined;
}
