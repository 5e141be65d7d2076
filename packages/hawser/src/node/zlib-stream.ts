import { constants, createDeflateRaw, createInflateRaw } from "node:zlib";
import type { DeflateRaw, InflateRaw } from "node:zlib";
import type { DeflateContext, Deflater, Inflater } from "../protocol/index.js";
import {
  aborted,
  closedAlready,
  corrupt,
  emptyMessage,
  isWhole,
  MAX_FINAL_BLOCKS,
  messageEnd,
  TAIL,
  tooBig,
} from "./deflate-rules.js";
import { KeptShare } from "./zlib-context-holder.js";
import { type DeflaterSettings, zlibBits } from "./zlib-deflater.js";
import { contextBytes, type ContextSettings, memLevelFor } from "./zlib-handle.js";
import { inflateSettings } from "./zlib-inflater.js";
import { joinParts } from "./zlib-output.js";
import type { ZlibPool } from "./zlib-pool.js";

/**
 * permessage-deflate by the documented streams of `node:zlib`, for a Node whose handles are not the known ones. Slower, and
 * every answer is a promise. A stream lives for a message, or for the connection when its window is kept. Its work is done by
 * other threads; only so many messages are worked at at once, as many more would tear zlib's memory into pieces.
 */
export class StreamDeflater implements Deflater {
  readonly #pool: ZlibPool;
  readonly #takeover: boolean;
  readonly #settings: DeflaterSettings;
  readonly #stream: StreamHolder<DeflateRaw>;
  readonly #share: KeptShare;
  #closed = false;

  constructor(pool: ZlibPool, { windowBits, takeover }: DeflateContext, settings: DeflaterSettings) {
    const context = { kind: "deflate", windowBits: zlibBits(windowBits) } as const;
    const options = { ...settings, windowBits: context.windowBits, memLevel: memLevelFor(context.windowBits) };
    this.#pool = pool;
    this.#takeover = takeover;
    this.#settings = settings;
    this.#stream = new StreamHolder(pool, context, () => createDeflateRaw(options));
    this.#share = new KeptShare(pool, context);
  }

  async deflate(piece: Uint8Array, last: boolean): Promise<Uint8Array> {
    if (this.#closed) throw closedAlready();
    // a flush that has nothing new to flush is answered with nothing
    if (piece.length === 0 && !last) return piece;
    const output = piece.length === 0 ? [emptyMessage(), TAIL] : await this.#deflate(piece);
    if (last && !(this.#takeover && this.#share.claim(this.#settings.maxContextBytes))) this.#stream.release();
    return joinParts(output, last ? TAIL.length : 0);
  }

  forget(): void {
    this.#stream.release();
  }

  close(): void {
    this.#closed = true;
    this.#stream.release();
    this.#share.release();
  }

  #deflate(piece: Uint8Array): Promise<Uint8Array[]> {
    return this.#pool.slicedWork.hold(async () => {
      if (this.#closed) throw aborted();
      const { output } = await pump(this.#stream.take(), piece, Infinity);
      if (this.#closed) throw aborted();
      return output;
    });
  }
}

export class StreamInflater implements Inflater {
  readonly #pool: ZlibPool;
  readonly #takeover: boolean;
  readonly #stream: StreamHolder<InflateRaw>;
  readonly #share: KeptShare;
  #closed = false;

  constructor(pool: ZlibPool, context: DeflateContext) {
    const settings = inflateSettings(context);
    this.#pool = pool;
    this.#takeover = context.takeover;
    this.#stream = new StreamHolder(pool, settings, () => createInflateRaw({ windowBits: settings.windowBits }));
    this.#share = new KeptShare(pool, settings);
    // it was promised in the handshake, whatever the limit is by now
    if (context.takeover) this.#share.claim(Infinity);
  }

  async inflate(piece: Uint8Array, last: boolean, maxBytes: number): Promise<Uint8Array> {
    if (this.#closed) throw closedAlready();
    try {
      return await this.#pool.slicedWork.hold(async () => {
        const output = await this.#inflate(piece, last, maxBytes);
        if (last && !this.#takeover) this.#stream.release();
        return output;
      });
    } catch (error) {
      this.#stream.release();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#stream.release();
    this.#share.release();
  }

  async #inflate(piece: Uint8Array, last: boolean, maxBytes: number): Promise<Uint8Array> {
    const output: Uint8Array[] = [];
    let bytes = 0;
    let rest = piece;
    let idle = false;
    for (let finalBlocks = 0; finalBlocks <= MAX_FINAL_BLOCKS; finalBlocks++) {
      if (this.#closed) throw aborted();
      // oxlint-disable-next-line no-await-in-loop -- one stream begins where the other ended
      const result = await pump(this.#stream.take(), rest, maxBytes - bytes);
      output.push(...result.output);
      bytes += result.bytes;
      if (!result.ended || result.used === rest.length) {
        // oxlint-disable-next-line no-await-in-loop -- it is the end of it
        if (last) await this.#endMessage(result.ended);
        return joinParts(output, 0);
      }
      this.#stream.release();
      if (idle && result.used === 0) break;
      idle = result.used === 0;
      rest = rest.subarray(result.used);
    }
    throw corrupt();
  }

  async #endMessage(ended: boolean): Promise<void> {
    if (this.#closed) throw aborted();
    const end = messageEnd(this.#takeover);
    const result = ended ? { bytes: 0, used: 0, ended } : await pump(this.#stream.take(), end, Infinity);
    if (result.bytes > 0 || !isWhole(end, result)) throw corrupt();
    if (result.ended) this.#stream.release();
  }
}

/** The one stream that a compressor or decompressor has, while there is something to remember. */
class StreamHolder<Stream extends DeflateRaw | InflateRaw> {
  readonly #pool: ZlibPool;
  readonly #bytes: number;
  readonly #create: () => Stream;
  #stream: Stream | null = null;

  constructor(pool: ZlibPool, settings: Pick<ContextSettings, "kind" | "windowBits">, create: () => Stream) {
    this.#pool = pool;
    this.#bytes = contextBytes(settings);
    this.#create = create;
  }

  take(): Stream {
    if (this.#stream !== null) return this.#stream;
    this.#pool.ledger?.add(this.#bytes);
    return (this.#stream = guard(this.#create()));
  }

  release(): void {
    if (this.#stream === null) return;
    this.#pool.ledger?.add(-this.#bytes);
    this.#stream.destroy();
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

/** Sends `input` through the stream and flushes it. Rejects when the stream fails, is destroyed, or gives too much. */
function pump(stream: DeflateRaw | InflateRaw, input: Uint8Array, maxBytes: number): Promise<PumpResult> {
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
    const onClose = (): void => settle(() => reject(aborted()));
    stream.on("data", onData).on("error", onError).on("end", onEnd).on("close", onClose);
    if (input.length > 0) stream.write(input);
    stream.flush(constants.Z_SYNC_FLUSH, () => settle(() => resolve(result(false))));
  });
}

/** Keeps an error that comes after the message was answered from ending the process. */
function guard<Stream extends DeflateRaw | InflateRaw>(stream: Stream): Stream {
  stream.on("error", () => {});
  return stream;
}
