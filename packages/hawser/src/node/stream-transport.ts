import { Socket as NetSocket } from "node:net";
import type { Duplex } from "node:stream";
import { UsageError } from "../internal/errors.js";
import { Fifo } from "../internal/fifo.js";
import type { Transport, TransportSink } from "../socket/index.js";

/**
 * How many bytes the stream holds of ours at a time; the rest waits here. Node does not tell how much of one write the
 * operating system has taken (`bytesWritten` counts what is queued, too), only that a write is done: so a slow link shows
 * progress by many writes of a bounded size. At the default write timeout of 10 s that is a link of 13 KiB/s.
 */
const MAX_IN_FLIGHT_BYTES = 131_072;

/** Where a stream has its transport, for listeners that all streams share: functions of its own would cost each 500 bytes. */
const TRANSPORT = Symbol("transport");

/** What a `net.Socket` has beyond a Duplex. Others may be handed to a server's `upgrade` event. */
interface NetworkStream extends Duplex {
  [TRANSPORT]?: StreamTransport;
  readonly remoteAddress?: string;
  readonly encrypted?: boolean;
  setTimeout?(timeoutMs: number): unknown;
  setNoDelay?(noDelay: boolean): unknown;
}

/**
 * The bytes' way over a stream of Node: TCP, TLS, a Unix socket or any Duplex. From its construction on the stream's errors
 * are looked after, so that none can end the process, even if it is never started.
 */
export class StreamTransport implements Transport {
  readonly remoteAddress: string | undefined;
  readonly secure: boolean;
  readonly copies: boolean;
  readonly #stream: NetworkStream;
  /** null: nothing waits here. */
  #waiting: Fifo<Uint8Array> | null = null;
  #waitingBytes = 0;
  #sink: TransportSink | null = null;
  #error: Error | undefined;
  /** Whether `bufferedBytes` was more than zero when `write` returned, so that a drain will be told. */
  #draining = false;
  #writing = false;
  #ending = false;
  #closed = false;
  /** Called when a write was taken. One function for all writes until then: Node then calls it for them all in one tick. */
  #onTaken: ((error?: Error | null) => void) | null = null;

  /** `remoteAddress`: who is at the other end, where the stream itself leads to a proxy. */
  constructor(stream: Duplex, remoteAddress?: string) {
    const network: NetworkStream = stream;
    this.#stream = network;
    this.remoteAddress = remoteAddress ?? network.remoteAddress;
    this.secure = network.encrypted === true;
    // Only the system is known to copy. TLS keeps what it has not encrypted, and any other stream what it likes.
    this.copies = Object.getPrototypeOf(stream) === NetSocket.prototype;
    network[TRANSPORT] = this;
    stream.on("error", onError);
    stream.on("close", onClose);
    // Ends its direction only when we say so: after the peer's FIN there may be an answer to send.
    stream.allowHalfOpen = true;
    // The timeout of an HTTP server or agent stays armed on the socket otherwise.
    network.setTimeout?.(0);
    network.setNoDelay?.(true);
    if (stream.closed) this.onStreamClose();
  }

  get bufferedBytes(): number {
    return this.#closed ? 0 : this.#waitingBytes + this.#stream.writableLength;
  }

  get destroyed(): boolean {
    return this.#closed || this.#stream.destroyed || this.#stream.errored !== null;
  }

  start(sink: TransportSink): void {
    this.#sink = sink;
    if (this.#closed) {
      process.nextTick(() => sink.onClosed(this.#error));
      return;
    }
    if (this.#stream.readableEncoding !== null || this.#stream.readableObjectMode) {
      this.onStreamError(
        new UsageError("INVALID_ARGUMENT", "the stream gives text or objects: a WebSocket needs one of bytes"),
      );
      return;
    }
    this.#stream.on("data", onData);
    this.#stream.on("end", onEnd);
    // an explicit pause by whoever had the stream before would outlast the listener
    this.#stream.resume();
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#ending || this.destroyed) return;
    this.#writing = true;
    if (!this.#writeAtOnce(chunks)) {
      for (const chunk of chunks) this.#queue(chunk);
      this.#flush();
    }
    this.#writing = false;
    if (this.bufferedBytes > 0) this.#draining = true;
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    if (this.#waiting === null) this.#endStream();
  }

  destroy(): void {
    this.#ending = true;
    this.#drop();
    this.#stream.destroy();
  }

  // For the listeners below alone: functions that all streams share

  /** TLS emits an error and leaves the socket open, so it is destroyed here (seen on Node 20 and 26). */
  onStreamError(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }

  onStreamData(chunk: Uint8Array): void {
    if (!this.#writing) {
      this.#sink?.onData(chunk, 0, chunk.length);
      return;
    }
    // A stream in memory can bring the answer while we are still writing; a sink is never called from inside its own call.
    this.#stream.pause();
    this.#stream.unshift(chunk);
    this.#stream.resume(); // in the next tick
  }

  onStreamEnd(): void {
    this.#sink?.onEnd();
  }

  onStreamClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#drop();
    this.#error ??= this.#stream.errored ?? undefined;
    this.#sink?.onClosed(this.#error);
  }

  /** The usual case, one small chunk with nothing before it, needs no queue. */
  #writeAtOnce(chunks: readonly Uint8Array[]): boolean {
    const chunk = chunks.length === 1 ? chunks[0] : undefined;
    const stream = this.#stream;
    if (chunk === undefined || chunk.length > MAX_IN_FLIGHT_BYTES || this.#waiting !== null) return false;
    if (chunk.length === 0) return true;
    if (stream.writableLength >= MAX_IN_FLIGHT_BYTES) return false;
    this.#writeOne(chunk);
    return true;
  }

  /** Cut into pieces of which several fit into what may be in flight. */
  #queue(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#waitingBytes += chunk.length;
    this.#waiting ??= new Fifo();
    for (let start = 0; start < chunk.length; start += MAX_IN_FLIGHT_BYTES) {
      const whole = chunk.length <= MAX_IN_FLIGHT_BYTES;
      this.#waiting.push(whole ? chunk : chunk.subarray(start, start + MAX_IN_FLIGHT_BYTES));
    }
  }

  /** Gives the stream what it may hold. TCP often takes it at once: then the next piece follows in the same turn. */
  #flush(): void {
    const stream = this.#stream;
    while (this.#waiting !== null && stream.writableLength < MAX_IN_FLIGHT_BYTES && !stream.destroyed) {
      if (this.#waiting.size === 1) {
        this.#writeNext(this.#waiting);
      } else {
        // one system call for all
        stream.cork();
        while (this.#waiting !== null && stream.writableLength < MAX_IN_FLIGHT_BYTES) this.#writeNext(this.#waiting);
        stream.uncork();
      }
    }
    if (this.#ending && this.#waiting === null) this.#endStream();
  }

  #writeNext(waiting: Fifo<Uint8Array>): void {
    const chunk = waiting.shift();
    if (waiting.size === 0) this.#waiting = null;
    if (chunk === undefined) return;
    this.#waitingBytes -= chunk.length;
    this.#writeOne(chunk);
  }

  #writeOne(chunk: Uint8Array): void {
    this.#onTaken ??= (error) => this.#taken(error);
    this.#stream.write(chunk, this.#onTaken);
  }

  #taken(error: Error | null | undefined): void {
    if (!this.#draining) this.#onTaken = null; // a connection at rest does without
    if (error instanceof Error || !this.#draining || this.#stream.destroyed) return;
    this.#flush();
    if (this.bufferedBytes > 0) {
      this.#sink?.onProgress();
    } else {
      this.#draining = false;
      this.#onTaken = null;
      this.#sink?.onDrain();
    }
  }

  #endStream(): void {
    if (!this.#stream.destroyed) this.#stream.end();
  }

  #drop(): void {
    this.#waiting = null;
    this.#waitingBytes = 0;
  }
}

function onError(this: NetworkStream, error: Error): void {
  this[TRANSPORT]?.onStreamError(error);
}

function onData(this: NetworkStream, chunk: Uint8Array): void {
  this[TRANSPORT]?.onStreamData(chunk);
}

function onEnd(this: NetworkStream): void {
  this[TRANSPORT]?.onStreamEnd();
}

function onClose(this: NetworkStream): void {
  this[TRANSPORT]?.onStreamClose();
}
