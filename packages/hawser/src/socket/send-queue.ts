import type { Deferred } from "../internal/deferred.js";
import type { ConnectionError } from "../internal/errors.js";
import {
  type Deflater,
  FIN,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
  type Role,
} from "../protocol/index.js";
import { FrameEncoder, recycle } from "./frame-encoder.js";
import type { OutgoingStream } from "./outgoing-stream.js";
import type { Runtime } from "./runtime.js";
import { createItem, hasBegun, type RawMessage, type SendItem, SendItems, sharedBytesOf } from "./send-item.js";
import { type MadeFrames, SendTransform } from "./send-transform.js";
import type { Transport } from "./transport.js";

/** What goes to the transport in one write at most, unless a single message is larger. */
const WRITE_BYTES = 256 * 1024;

/** A batch stops growing here, so that a Close which overtakes the queue does not wait for much. */
const BATCH_BYTES = 64 * 1024;

/** After so much of streams without a pause the event loop gets its turn: a source may always have more at once. */
const TURN_FRAGMENTS = 1024;
const TURN_BYTES = 1024 * 1024;

/** Why a message can never be finished, whatever was thrown. */
interface Failure {
  readonly cause: unknown;
}

interface WaitingPing {
  readonly payload: Uint8Array;
  readonly waiter: Deferred<void> | null;
}

/** What all queues share that have none; never written to. */
const NO_PINGS: WaitingPing[] = [];
const NOBODY: Deferred<void>[] = [];

export interface SendQueueOwner {
  /** Bytes were handed over and not all taken at once: `transport.bufferedBytes` is above zero. */
  onBlocked(): void;
  /** Everything handed over was taken. */
  onTaken(): void;
  /** A message that had begun can never be finished: its source or its compressor failed. */
  onUnfinishable(cause: unknown): void;
}

/**
 * The one writer of a connection. Data leaves in the order it was accepted; control frames leave before data, between two
 * frames. Bytes go to the transport only when it has taken everything handed over before, so that what waits can still be
 * overtaken, cancelled and dropped.
 */
export class SendQueue {
  readonly #transport: Transport;
  readonly #runtime: Runtime;
  readonly #owner: SendQueueOwner;
  readonly #role: Role;
  #transform: SendTransform | null = null;
  readonly #items = new SendItems();
  /** The last item while it is a batch that may grow; its frames lie in the encoder until then. */
  #batch: SendItem | null = null;
  #encoder: FrameEncoder | null = null;
  #pings: WaitingPing[] = NO_PINGS;
  /** The answer to the latest Ping: an earlier one that still waits is not needed any more (RFC 6455 §5.5.3). */
  #pong: Uint8Array | null = null;
  #queuedBytes = 0;
  /** Of those, what is in messages for many that are still to be compressed. */
  #sharedBytes = 0;
  #streams = 0;
  #handedOver: Deferred<void>[] = NOBODY;
  #closeHandedOver = false;
  #failure: Failure | null = null;
  #turnFragments = 0;
  #turnBytes = 0;
  #stopped = false;
  #flushing = false;
  #asked = false;

  bytesSent = 0;
  messagesSent = 0;
  /** Whether the transport took our Close. */
  closeTaken = false;

  constructor(transport: Transport, runtime: Runtime, role: Role, owner: SendQueueOwner) {
    this.#transport = transport;
    this.#runtime = runtime;
    this.#owner = owner;
    this.#role = role;
  }

  useDeflater(deflater: Deflater, takeover: boolean): void {
    this.#useTransform().useDeflater(deflater, takeover);
  }

  #useTransform(): SendTransform {
    return (this.#transform ??= new SendTransform(this.#runtime, this.#role));
  }

  #useEncoder(): FrameEncoder {
    return (this.#encoder ??= new FrameEncoder(this.#runtime, this.#role));
  }

  /** Bytes accepted that the transport has not taken. */
  get bufferedBytes(): number {
    return this.#queuedBytes + this.#transport.bufferedBytes;
  }

  /** Of those, what this connection is charged with: not what is there once for many and waits for our own work, not for the peer. */
  get heldBytes(): number {
    const { bufferedBytes } = this.#transport;
    return this.#queuedBytes + (bufferedBytes === 0 ? -this.#sharedBytes : bufferedBytes);
  }

  /** Whether there is nothing here that should still leave. */
  get idle(): boolean {
    return this.#items.empty && this.#pings.length === 0 && this.#pong === null;
  }

  /** Streams that are not settled. */
  get streams(): number {
    return this.#streams;
  }

  /** Pings that wait to be sent. */
  get waitingPings(): number {
    return this.#pings.length;
  }

  /** Accepts a whole message as one frame. With `alone` it can be taken out again by `remove`. */
  addMessage(data: string | Uint8Array, waiter: Deferred<void> | null, alone: boolean): void {
    const batch = this.#openBatch(alone);
    const encoder = this.#useEncoder();
    const size =
      typeof data === "string" ? encoder.addText(FIN | OPCODE_TEXT, data) : encoder.addBytes(FIN | OPCODE_BINARY, data);
    this.#count(batch, size, waiter);
    if (alone) this.#sealBatch();
    this.#askFlush();
  }

  /** Accepts a frame made elsewhere. */
  addFrame(frame: Uint8Array): void {
    const batch = this.#openBatch(false);
    this.#useEncoder().addShared(frame);
    this.#count(batch, frame.length, null);
    this.#askFlush();
  }

  /** Accepts a message that is compressed when its turn comes. */
  addCompressible(raw: RawMessage, waiter: Deferred<void> | null): void {
    if (raw.share !== undefined) this.#sharedBytes += raw.data.length;
    this.#push(createItem({ bytes: raw.data.length, waiters: waiter === null ? [] : [waiter], raw }));
  }

  addStream(stream: OutgoingStream): void {
    this.#streams++;
    const settled = (): void => void this.#streams--;
    stream.settled.promise.then(settled, settled);
    this.#push(createItem({ stream }));
  }

  /** Adds a Close behind everything queued; `waiter` settles when it was taken. Nothing may be added after it. */
  addClose(payload: Uint8Array, waiter: Deferred<void> | null): void {
    const frame = this.#useTransform().frame(FIN | OPCODE_CLOSE, payload);
    this.#push(createItem({ ...frame, messages: 0, waiters: waiter === null ? [] : [waiter], isClose: true }));
  }

  /** Pings overtake data; `waiter` settles when it was taken. */
  addPing(payload: Uint8Array, waiter: Deferred<void> | null): void {
    if (this.#pings === NO_PINGS) this.#pings = [];
    this.#pings.push({ payload, waiter });
    this.#queuedBytes += payload.length;
    this.#askFlush();
  }

  /** Answers a Ping, overtaking data; replaces an answer that still waits. */
  setPong(payload: Uint8Array): void {
    this.#queuedBytes += payload.length - (this.#pong?.length ?? 0);
    this.#pong = payload;
    this.#askFlush();
  }

  /** Takes a message that waits alone out of the queue; false when it has begun. */
  remove(waiter: Deferred<void>): boolean {
    const matches = (item: SendItem): boolean => item.waiters.length === 1 && item.waiters[0] === waiter;
    const removed = this.#items.remove((item) => matches(item) && !hasBegun(item));
    for (const item of removed) this.#queuedBytes -= item.bytes;
    return removed.length > 0;
  }

  /** Takes a stream out that has not begun; false when it has. */
  removeStream(stream: OutgoingStream): boolean {
    const removed = this.#items.remove((item) => item.stream === stream && !stream.begun);
    for (const item of removed) this.#queuedBytes -= item.bytes;
    if (removed.length > 0) this.#askFlush();
    return removed.length > 0;
  }

  /**
   * Cuts every stream that is not complete. Behind one that has begun no data can follow: what waits there is dropped; else
   * it stays.
   */
  cutStreams(error: () => ConnectionError): void {
    this.#sealBatch();
    const head = this.#items.peek()?.stream;
    const all = head?.begun === true && !head.finished;
    const dropped = this.#items.remove((item) => all || item.stream?.finished === false);
    for (const item of dropped) this.#dropItem(item, error);
  }

  /** Hands over what the transport takes at once and drops the rest, so that a Close can leave. One that waits stays. */
  overtake(error: () => ConnectionError): void {
    this.flush();
    const [close] = this.#items.remove((item) => item.isClose);
    this.#drop(error);
    if (close === undefined) return;
    this.#items.push(close);
    this.flush();
  }

  /** The connection is over: drops everything, settles everybody, gives memory back. */
  stop(error: () => ConnectionError): void {
    this.#stopped = true;
    this.#drop(error, (stream) => stream.fail(error()));
    for (const waiter of this.#takeHandedOver()) waiter.reject(error());
    this.#transform?.close();
  }

  /** Hands over what the transport can take. Called at the end of a read or of a turn, and when the transport has drained. */
  flush(): void {
    this.#asked = false;
    if (this.#dead || this.#flushing) return;
    this.#flushing = true;
    this.#sealBatch();
    while (!this.#dead && this.#transport.bufferedBytes === 0) {
      this.#settleHandedOver();
      if (this.idle) break;
      const chunks = this.#takeChunks();
      if (chunks.length === 0) break;
      for (const chunk of chunks) this.bytesSent += chunk.length;
      this.#transport.write(chunks);
      this.#recycle(chunks);
    }
    this.#flushing = false;
    if (this.#dead) return;
    if (this.#transport.bufferedBytes > 0) this.#owner.onBlocked();
    else this.#owner.onTaken();
    if (this.#failure !== null) this.#tellFailure(this.#failure);
  }

  /** Nothing leaves any more: what the transport is done with was dropped, and `stop` will say so to whoever waits. */
  get #dead(): boolean {
    return this.#stopped || this.#transport.destroyed;
  }

  /** The transport has taken everything. */
  onDrain(): void {
    this.#turnFragments = 0;
    this.#turnBytes = 0;
    this.flush();
  }

  /** A write of several chunks is rare: its memory is left to the garbage collector. */
  #recycle(chunks: readonly Uint8Array[]): void {
    const only = chunks.length === 1 ? chunks[0] : undefined;
    const { copies, destroyed, bufferedBytes } = this.#transport;
    if (only !== undefined && copies && !destroyed && bufferedBytes === 0) recycle(this.#runtime, only);
  }

  #push(item: SendItem): void {
    this.#sealBatch();
    this.#items.push(item);
    this.#queuedBytes += item.bytes;
    this.#askFlush();
  }

  #settleHandedOver(): void {
    this.closeTaken = this.#closeHandedOver;
    if (this.#handedOver === NOBODY) return;
    for (const waiter of this.#takeHandedOver()) waiter.resolve();
  }

  #takeHandedOver(): readonly Deferred<void>[] {
    const waiters = this.#handedOver;
    this.#handedOver = NOBODY;
    return waiters;
  }

  #settleWhenTaken(waiter: Deferred<void>): void {
    if (this.#handedOver === NOBODY) this.#handedOver = [waiter];
    else this.#handedOver.push(waiter);
  }

  #takePings(): readonly WaitingPing[] {
    const pings = this.#pings;
    this.#pings = NO_PINGS;
    return pings;
  }

  /** `flush` is about to be called: what is added until then needs no turn of its own. */
  expectFlush(): void {
    this.#asked = true;
  }

  #askFlush(): void {
    if (this.#asked || this.#stopped) return;
    this.#asked = true;
    this.#runtime.turnEnd.add(this);
  }

  #openBatch(alone: boolean): SendItem {
    const open = this.#batch;
    if (open !== null && !alone && open.bytes < BATCH_BYTES) return open;
    this.#sealBatch();
    const batch = createItem({ messages: 0 });
    this.#batch = batch;
    this.#items.push(batch);
    return batch;
  }

  #sealBatch(): void {
    if (this.#batch === null) return;
    if (this.#encoder !== null) for (const chunk of this.#encoder.take()) this.#batch.chunks.push(chunk);
    this.#batch = null;
    this.#encoder = null;
  }

  #count(batch: SendItem, bytes: number, waiter: Deferred<void> | null): void {
    batch.bytes += bytes;
    batch.messages++;
    this.#queuedBytes += bytes;
    if (waiter !== null) batch.waiters.push(waiter);
  }

  /** What goes into the next write: control frames, then items from the head until the write is large enough. */
  #takeChunks(): Uint8Array[] {
    const chunks = this.#takeControl();
    for (let bytes = 0; bytes < WRITE_BYTES;) {
      const item = this.#items.peek();
      if (item === null || !this.#prepare(item)) break;
      bytes += item.bytes;
      for (const chunk of item.chunks) chunks.push(chunk);
      this.#queuedBytes -= item.bytes;
      if (item.stream !== null) item.stream.begun = true;
      if (item.stream?.finished === false) {
        item.chunks.length = 0;
        item.bytes = 0;
        break;
      }
      this.#items.shift();
      this.#handOver(item);
    }
    return chunks;
  }

  #takeControl(): Uint8Array[] {
    if (this.#pings.length === 0 && this.#pong === null) return [];
    const encoder = new FrameEncoder(this.#runtime, this.#role);
    for (const { payload, waiter } of this.#takePings()) {
      encoder.addBytes(FIN | OPCODE_PING, payload);
      this.#queuedBytes -= payload.length;
      if (waiter !== null) this.#settleWhenTaken(waiter);
    }
    if (this.#pong !== null) {
      encoder.addBytes(FIN | OPCODE_PONG, this.#pong);
      this.#queuedBytes -= this.#pong.length;
      this.#pong = null;
    }
    return encoder.take();
  }

  #handOver(item: SendItem): void {
    this.messagesSent += item.messages;
    for (const waiter of item.waiters) this.#settleWhenTaken(waiter);
    if (item.stream !== null) this.#settleWhenTaken(item.stream.settled);
    if (item.isClose) this.#closeHandedOver = true;
  }

  /** Makes the head of the queue ready to leave; false when that takes longer than now. */
  #prepare(item: SendItem): boolean {
    if (item.busy) return false;
    if (item.chunks.length > 0) return true;
    if (item.stream !== null) this.#wait(item, this.#nextFragment(item.stream));
    else if (item.raw !== null) this.#compress(item, item.raw);
    return !item.busy;
  }

  #compress(item: SendItem, raw: RawMessage): void {
    try {
      const made = this.#useTransform().compress(raw);
      if (made instanceof Promise) this.#wait(item, made);
      else this.#fill(item, made);
    } catch (cause) {
      item.busy = true;
      this.#failure = { cause }; // told when the flush is through
    }
  }

  /** The queue stands still until the frames are made. */
  #wait(item: SendItem, frames: Promise<MadeFrames | null>): void {
    item.busy = true;
    frames.then(
      (made) => {
        if (this.#items.peek() !== item) return;
        item.busy = false;
        if (made !== null) this.#fill(item, made);
        this.flush();
      },
      (cause: unknown) => this.#failed(item, cause),
    );
  }

  #fill(item: SendItem, made: MadeFrames): void {
    this.#sharedBytes -= sharedBytesOf(item);
    for (const chunk of made.chunks) item.chunks.push(chunk);
    this.#queuedBytes += made.bytes - item.bytes;
    item.bytes = made.bytes;
  }

  async #nextFragment(stream: OutgoingStream): Promise<MadeFrames | null> {
    if (this.#turnFragments >= TURN_FRAGMENTS || this.#turnBytes >= TURN_BYTES) {
      await new Promise<void>((resolve) => void this.#runtime.clock.schedule(resolve, 1));
      this.#turnFragments = 0;
      this.#turnBytes = 0;
      if (stream.stopped) return null;
    }
    const made = await this.#useTransform().nextFragment(stream);
    this.#turnFragments++;
    this.#turnBytes += made?.bytes ?? 0;
    return made;
  }

  #failed(item: SendItem, cause: unknown): void {
    item.stream?.fail(cause);
    if (this.#items.peek() !== item) return;
    if (item.stream?.begun === false) {
      this.#items.shift();
      this.flush();
    } else {
      this.#tellFailure({ cause });
    }
  }

  #tellFailure({ cause }: Failure): void {
    this.#failure = null;
    if (!this.#stopped) this.#owner.onUnfinishable(cause);
  }

  #drop(error: () => ConnectionError, endStream?: (stream: OutgoingStream) => void): void {
    this.#sealBatch();
    for (const item of this.#items.remove(() => true)) this.#dropItem(item, error, endStream);
    for (const { payload, waiter } of this.#takePings()) {
      this.#queuedBytes -= payload.length;
      waiter?.reject(error());
    }
    this.#queuedBytes -= this.#pong?.length ?? 0;
    this.#pong = null;
  }

  #dropItem(item: SendItem, error: () => ConnectionError, endStream = cut): void {
    this.#queuedBytes -= item.bytes;
    this.#sharedBytes -= sharedBytesOf(item);
    for (const waiter of item.waiters) waiter.reject(error());
    if (item.stream !== null) endStream(item.stream);
  }
}

/** By default an unfinished stream is told that the connection closes. */
function cut(stream: OutgoingStream): void {
  stream.cut();
}
