import type { Clock } from "../internal/clock.js";
import { UsageError } from "../internal/errors.js";
import type { Transport, TransportSink } from "../socket/transport.js";
import { MemoryPath } from "./memory-path.js";
import type { Split } from "./split.js";
import { createSplitter } from "./split.js";

/**
 * Two transports joined in memory, with the manners of TCP: bytes are taken while the buffers between the two have room,
 * each direction ends by itself, and bytes that come to an end which is destroyed reset the connection.
 *
 * Everything an end tells its sink comes from `defer`, one event a call, so that microtasks run between two events as they
 * do between two events of a real socket. Data is lent in memory that is overwritten when `onData` returns.
 */

export interface TransportPairOptions {
  /** How many bytes each direction takes from its writer before the reader reads them. @default 65536 */
  readonly capacityBytes?: number;
  /** How data that arrives is cut, at either end; each end's `split` can be set alone. @default what has arrived, up to 64 KiB at a time */
  readonly split?: Split;
  /** Takes nothing while `write` runs, only afterwards, so that every write shows in `bufferedBytes`. @default false */
  readonly lazyWrites?: boolean;
  /** Calls back soon, never at once. @default queueMicrotask */
  readonly defer?: (callback: () => void) => void;
  /** How long bytes are on their way; needs `clock`. @default 0 */
  readonly latencyMs?: number;
  readonly clock?: Clock;
  /** @default undefined */
  readonly remoteAddress?: string;
  /** @default false */
  readonly secure?: boolean;
}

/** What passed over one end so far. */
export interface TransportCounters {
  /** Calls of `write`. */
  readonly writes: number;
  readonly bytesWritten: number;
  /** Calls of `onData`. */
  readonly reads: number;
  readonly bytesRead: number;
}

/** One end of a pair: a transport, and the faults that a test can bring about. */
export interface MemoryTransport extends Transport {
  /** How data that arrives here is cut from now on. */
  split: Split | undefined;
  readonly counters: TransportCounters;
  /** Whether this end's Socket paused it. */
  readonly paused: boolean;
  /** Whether this end told its sink `onClosed`. */
  readonly closed: boolean;
  /** This end reads nothing until `unstall`, whatever its Socket asks for: the other end's bytes pile up. */
  stall(): void;
  unstall(): void;
  /** Resets the connection (TCP RST): what is on its way is lost and both ends close with `error`. */
  cut(error?: Error): void;
  /** Cuts the cable (half-open): from now on nothing arrives at either end, and nobody is told. `cut` still works. */
  silence(): void;
}

/** How much is read at once where no split says less. */
const READ_BYTES = 65_536;
/** Lent data stands behind this many other bytes, so that a receiver which forgets `start` is found out. */
const PADDING_BYTES = 3;
const OVERWRITTEN = 0xa5;

/**
 * Creates the two ends of a connection.
 * @throws UsageError INVALID_ARGUMENT for a latency without a clock
 */
export function createTransportPair(options: TransportPairOptions = {}): [MemoryTransport, MemoryTransport] {
  if (options.latencyMs !== undefined && options.clock === undefined) {
    throw new UsageError("INVALID_ARGUMENT", "latencyMs needs a clock");
  }
  const there = new MemoryPath(options.capacityBytes ?? READ_BYTES);
  const back = new MemoryPath(options.capacityBytes ?? READ_BYTES);
  const first = new MemoryEnd(options, there, back);
  const second = new MemoryEnd(options, back, there);
  first.join(second);
  second.join(first);
  return [first, second];
}

class MemoryEnd implements MemoryTransport {
  readonly remoteAddress: string | undefined;
  readonly secure: boolean;
  /** A path keeps a copy of what it has taken. */
  readonly copies = true;
  readonly counters = { writes: 0, bytesWritten: 0, reads: 0, bytesRead: 0 };
  paused = false;
  closed = false;
  readonly #options: TransportPairOptions;
  readonly #output: MemoryPath;
  readonly #input: MemoryPath;
  #peer: MemoryEnd = this;
  #sink: TransportSink | undefined;
  #split: Split | undefined;
  #nextSize: (availableBytes: number) => number = () => READ_BYTES;
  #woken = false;
  #stalled = false;
  #owesDrain = false;
  #ended = false;
  #gotEnd = false;
  #destroyed = false;
  #failure: Error | undefined;

  constructor(options: TransportPairOptions, output: MemoryPath, input: MemoryPath) {
    this.remoteAddress = options.remoteAddress;
    this.secure = options.secure ?? false;
    this.#options = options;
    this.#output = output;
    this.#input = input;
    this.split = options.split;
  }

  join(peer: MemoryEnd): void {
    this.#peer = peer;
  }

  get bufferedBytes(): number {
    return this.#output.waitingBytes;
  }

  get destroyed(): boolean {
    return this.#over;
  }

  get split(): Split | undefined {
    return this.#split;
  }

  set split(split: Split | undefined) {
    this.#split = split;
    this.#nextSize = createSplitter(split ?? READ_BYTES);
  }

  start(sink: TransportSink): void {
    if (this.#sink !== undefined) throw new UsageError("INVALID_STATE", "the transport was started already");
    this.#sink = sink;
    this.#wake();
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#over) return;
    if (this.#ended) return this.#fail(new Error("write after end"));
    this.counters.writes++;
    for (const chunk of chunks) {
      this.counters.bytesWritten += chunk.length;
      this.#output.write(chunk);
    }
    if (this.#options.lazyWrites !== true) this.#take();
    this.#owesDrain = this.bufferedBytes > 0;
    this.#wake();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#wake();
  }

  end(): void {
    if (this.#over || this.#ended) return;
    this.#ended = true;
    this.#output.end();
    this.#wake();
  }

  destroy(): void {
    if (this.#over) return;
    this.#destroyed = true;
    this.#output.dropWaiting();
    this.#output.end();
    this.#output.take(this.#arrivalTime());
    const peer = this.#peer;
    if (this.#input.heldBytes + this.#input.waitingBytes > 0) peer.#reset();
    peer.#wake();
    this.#wake();
  }

  stall(): void {
    this.#stalled = true;
  }

  unstall(): void {
    this.#stalled = false;
    this.#wake();
  }

  cut(error: Error = createResetError()): void {
    this.#fail(error);
    this.#peer.#fail(error);
  }

  silence(): void {
    this.#output.silent = true;
    this.#input.silent = true;
  }

  get #over(): boolean {
    return this.closed || this.#destroyed || this.#failure !== undefined;
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#failure = error;
    this.#output.dropWaiting();
    this.#wake();
  }

  /** What the peer's operating system does with bytes for a socket that is no more. */
  #reset(): void {
    if (!this.#output.silent) this.#fail(createResetError());
  }

  #wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    (this.#options.defer ?? queueMicrotask)(() => {
      this.#woken = false;
      if (this.#happen()) this.#wake();
    });
  }

  /** Does the first thing that is due, with at most one call into the sink. Returns whether there was any. */
  #happen(): boolean {
    if (this.closed) return false;
    if (this.#destroyed || this.#failure !== undefined) return this.#tellClosed();
    if (this.#take() > 0) return this.#tellTaken();
    if (this.#sink === undefined) return false;
    return this.#readData() || this.#readEnd() || this.#finish();
  }

  #take(): number {
    let taken = 0;
    const finBefore = this.#output.finAt;
    try {
      taken = this.#output.take(this.#arrivalTime());
    } catch (error) {
      this.#fail(error as Error); // the path throws nothing else
    }
    if (taken > 0 && this.#peer.#destroyed) this.#reset();
    // only for news: two ends that wake each other without any would never rest
    if (taken > 0 || this.#output.finAt !== finBefore) this.#peer.#wake();
    return taken;
  }

  #tellTaken(): boolean {
    if (this.bufferedBytes > 0) {
      this.#sink?.onProgress();
    } else if (this.#owesDrain) {
      this.#owesDrain = false;
      this.#sink?.onDrain();
    }
    return true;
  }

  #readData(): boolean {
    if (!this.#reading) return false;
    const available = this.#input.arrived(this.#now(), READ_BYTES);
    if (available === 0) {
      this.#wakeAt(this.#input.nextAt);
      return false;
    }
    const size = this.#nextSize(available);
    const lent = new Uint8Array(PADDING_BYTES + size + PADDING_BYTES).fill(OVERWRITTEN);
    this.#input.read(lent.subarray(PADDING_BYTES, PADDING_BYTES + size));
    this.counters.reads++;
    this.counters.bytesRead += size;
    this.#peer.#wake();
    this.#sink?.onData(lent, PADDING_BYTES, PADDING_BYTES + size);
    lent.fill(OVERWRITTEN);
    return true;
  }

  #readEnd(): boolean {
    const at = this.#input.finAt;
    if (!this.#reading || this.#gotEnd || at === undefined || this.#input.heldBytes > 0) return false;
    if (at > this.#now()) {
      this.#wakeAt(at);
      return false;
    }
    this.#gotEnd = true;
    this.#sink?.onEnd();
    return true;
  }

  /** Both directions ended: the connection is over in good order. */
  #finish(): boolean {
    return this.#gotEnd && this.#output.finAt !== undefined ? this.#tellClosed() : false;
  }

  #tellClosed(): boolean {
    if (this.#sink === undefined) return false;
    this.closed = true;
    this.#sink.onClosed(this.#failure);
    return false;
  }

  get #reading(): boolean {
    return !this.paused && !this.#stalled && !this.#input.silent;
  }

  #now(): number {
    return this.#options.clock?.now() ?? 0;
  }

  #arrivalTime(): number {
    return this.#now() + (this.#options.latencyMs ?? 0);
  }

  #wakeAt(at: number | undefined): void {
    if (at !== undefined) this.#options.clock?.schedule(() => this.#wake(), at - this.#now());
  }
}

function createResetError(): Error {
  return Object.assign(new Error("the connection was reset"), { code: "ECONNRESET" });
}
