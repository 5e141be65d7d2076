import type { Deferred } from "../internal/deferred.js";
import type { ConnectionError } from "../internal/errors.js";
import { Fifo } from "../internal/fifo.js";
import {
  type Deflater,
  FIN,
  OPCODE_BINARY,
  OPCODE_CONTINUATION,
  OPCODE_TEXT,
  type Role,
  RSV1,
} from "../protocol/index.js";
import { FrameEncoder } from "./frame-encoder.js";
import type { OutgoingStream } from "./outgoing-stream.js";
import type { Runtime } from "./runtime.js";
import type { Transport } from "./transport.js";

/** What goes to the transport in one write at most, unless a single message is larger. */
const WRITE_BYTES = 256 * 1024;

/** A batch stops growing here, so that a Close which overtakes the queue does not wait for much. */
const BATCH_BYTES = 64 * 1024;

/**
 * One place in the queue: a batch of frames made ready, a message to be compressed when its turn comes (what is removed
 * before that must not have touched the compressor's window), or a stream.
 */
interface Item {
  readonly chunks: Uint8Array[];
  bytes: number;
  messages: number;
  readonly waiters: Deferred<void>[];
  readonly raw: { readonly opcode: number; readonly data: Uint8Array } | null;
  readonly stream: OutgoingStream | null;
  /** Being compressed, or waiting for its source: the queue stands still, control frames do not. */
  busy: boolean;
}

export interface SendQueueOwner {
  /** Bytes were handed over and not all taken at once: `transport.bufferedBytes` is above zero. */
  onBlocked(): void;
  /** Everything handed over was taken. */
  onTaken(): void;
  /** A message that had begun can never be finished: its source failed, or it was cancelled. */
  onUnfinishable(error: unknown): void;
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
  readonly #encoder: FrameEncoder;
  readonly #items = new Fifo<Item>();
  /** The last item while it is a batch that may grow; its frames lie in the encoder until then. */
  #batch: Item | null = null;
  readonly #control: Uint8Array[] = [];
  #controlBytes = 0;
  /** The answer to the latest Ping: an earlier one that still waits is not needed any more (RFC 6455 §5.5.3). */
  #pong: Uint8Array | null = null;
  #queuedBytes = 0;
  readonly #handedOver: Deferred<void>[] = [];
  readonly #role: Role;
  #deflater: Deflater | null = null;
  #deflateTakeover = false;
  #stopped = false;
  #flushing = false;
  #asked = false;

  bytesSent = 0;
  messagesSent = 0;

  constructor(transport: Transport, runtime: Runtime, role: Role, owner: SendQueueOwner) {
    this.#transport = transport;
    this.#runtime = runtime;
    this.#role = role;
    this.#owner = owner;
    this.#encoder = new FrameEncoder(runtime, role);
  }

  useDeflater(deflater: Deflater, takeover: boolean): void {
    this.#deflater = deflater;
    this.#deflateTakeover = takeover;
  }

  /** Bytes accepted that the transport has not taken. */
  get bufferedBytes(): number {
    return this.#queuedBytes + this.#controlBytes + (this.#pong?.length ?? 0) + this.#transport.bufferedBytes;
  }

  /** Whether there is nothing here that should still leave. */
  get idle(): boolean {
    return this.#items.size === 0 && this.#control.length === 0 && this.#pong === null;
  }

  /** Accepts a whole message as one frame. With `alone` it can be taken out again by `remove`. */
  addMessage(data: string | Uint8Array, waiter: Deferred<void> | null, alone: boolean): void {
    const batch = this.#openBatch(alone);
    const size =
      typeof data === "string"
        ? this.#encoder.addText(FIN | OPCODE_TEXT, data)
        : this.#encoder.addBytes(FIN | OPCODE_BINARY, data);
    this.#count(batch, size, waiter);
    if (alone) this.#sealBatch();
    this.#askFlush();
  }

  /** Accepts a frame made elsewhere. */
  addFrame(frame: Uint8Array): void {
    const batch = this.#openBatch(false);
    this.#encoder.addShared(frame);
    this.#count(batch, frame.length, null);
    this.#askFlush();
  }

  /** Accepts a message that is compressed when its turn comes. */
  addCompressible(opcode: number, data: Uint8Array, waiter: Deferred<void> | null): void {
    this.#sealBatch();
    this.#items.push({
      chunks: [],
      bytes: data.length,
      messages: 1,
      waiters: waiter === null ? [] : [waiter],
      raw: { opcode, data },
      stream: null,
      busy: false,
    });
    this.#queuedBytes += data.length;
    this.#askFlush();
  }

  addStream(stream: OutgoingStream): void {
    this.#sealBatch();
    this.#items.push({ chunks: [], bytes: 0, messages: 1, waiters: [], raw: null, stream, busy: false });
    this.#askFlush();
  }

  /** Puts a Ping or Close frame into the control lane. */
  addControl(opcode: number, payload: Uint8Array): void {
    const frame = this.#controlFrame(opcode, payload);
    this.#control.push(frame);
    this.#controlBytes += frame.length;
    this.#askFlush();
  }

  /** Answers a Ping; replaces an answer that still waits. */
  setPong(opcode: number, payload: Uint8Array): void {
    this.#pong = this.#controlFrame(opcode, payload);
    this.#askFlush();
  }

  /** Adds a Close behind everything queued; `waiter` settles when it was taken. Nothing may be added after it. */
  addClose(opcode: number, payload: Uint8Array, waiter: Deferred<void>): void {
    this.#sealBatch();
    const frame = this.#controlFrame(opcode, payload);
    this.#items.push({
      chunks: [frame],
      bytes: frame.length,
      messages: 0,
      waiters: [waiter],
      raw: null,
      stream: null,
      busy: false,
    });
    this.#queuedBytes += frame.length;
    this.#askFlush();
  }

  /** Takes a message that waits alone out of the queue; false when it has begun. */
  remove(waiter: Deferred<void>): boolean {
    const removed = this.#items.remove((item) => !item.busy && item.waiters.length === 1 && item.waiters[0] === waiter);
    for (const item of removed) this.#queuedBytes -= item.bytes;
    return removed.length > 0;
  }

  /** Takes a stream out that has not begun; false when it has. */
  removeStream(stream: OutgoingStream): boolean {
    return this.#items.remove((item) => item.stream === stream && !stream.begun).length > 0;
  }

  /** Cuts the stream under way, and with it everything behind it, at the frame boundary where it stands. */
  cutStream(error: () => ConnectionError): void {
    if (this.#items.peek()?.stream?.begun !== true) return;
    this.#sealBatch();
    for (const item of this.#items.remove(() => true)) this.#dropItem(item, error);
  }

  /** Drops what waits, but not what the transport has. */
  drop(error: () => ConnectionError): void {
    this.#sealBatch();
    for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) this.#dropItem(item, error);
    this.#control.length = 0;
    this.#controlBytes = 0;
    this.#pong = null;
  }

  /** The connection is over: drops everything, settles everybody, gives memory back. */
  stop(error: () => ConnectionError): void {
    this.#stopped = true;
    this.drop(error);
    for (const waiter of this.#handedOver.splice(0)) waiter.reject(error());
    this.#deflater?.close();
    this.#deflater = null;
  }

  /** Hands over what the transport can take. Called at the end of a read or of a turn, and when the transport has drained. */
  flush(): void {
    this.#asked = false;
    if (this.#stopped || this.#flushing) return;
    this.#flushing = true;
    this.#sealBatch();
    while (this.#transport.bufferedBytes === 0 && !this.idle) {
      this.#settleHandedOver();
      const chunks = this.#takeChunks();
      if (chunks.length === 0) break;
      for (const chunk of chunks) this.bytesSent += chunk.length;
      this.#transport.write(chunks);
      const only = chunks.length === 1 ? chunks[0] : undefined;
      if (only !== undefined && this.#transport.bufferedBytes === 0) this.#encoder.recycle(only);
    }
    this.#flushing = false;
    if (this.#transport.bufferedBytes > 0) this.#owner.onBlocked();
    else if (!this.#stopped) this.#taken();
  }

  /** The transport has taken everything. */
  onDrain(): void {
    if (this.#stopped) return;
    this.#settleHandedOver();
    this.flush();
  }

  #taken(): void {
    this.#settleHandedOver();
    this.#owner.onTaken();
  }

  #settleHandedOver(): void {
    if (this.#handedOver.length === 0) return;
    for (const waiter of this.#handedOver.splice(0)) waiter.resolve();
  }

  #askFlush(): void {
    if (this.#asked || this.#stopped) return;
    this.#asked = true;
    this.#runtime.turnEnd.add(this);
  }

  #openBatch(alone: boolean): Item {
    const open = this.#batch;
    if (open !== null && !alone && open.bytes < BATCH_BYTES) return open;
    this.#sealBatch();
    const batch: Item = { chunks: [], bytes: 0, messages: 0, waiters: [], raw: null, stream: null, busy: false };
    this.#batch = batch;
    this.#items.push(batch);
    return batch;
  }

  #sealBatch(): void {
    if (this.#batch === null) return;
    for (const chunk of this.#encoder.take()) this.#batch.chunks.push(chunk);
    this.#batch = null;
  }

  #count(batch: Item, bytes: number, waiter: Deferred<void> | null): void {
    batch.bytes += bytes;
    batch.messages++;
    this.#queuedBytes += bytes;
    if (waiter !== null) batch.waiters.push(waiter);
  }

  #controlFrame(opcode: number, payload: Uint8Array): Uint8Array {
    const encoder = new FrameEncoder(this.#runtime, this.#role);
    encoder.addBytes(FIN | opcode, payload);
    return encoder.take()[0] as Uint8Array; // one small frame is one chunk
  }

  /** What goes into the next write: the control lane, then items from the head until the write is large enough. */
  #takeChunks(): Uint8Array[] {
    const chunks = this.#control.splice(0);
    this.#controlBytes = 0;
    if (this.#pong !== null) chunks.push(this.#pong);
    this.#pong = null;
    for (let bytes = 0; bytes < WRITE_BYTES;) {
      const item = this.#items.peek();
      if (item === undefined || !this.#prepare(item)) break;
      bytes += item.bytes;
      for (const chunk of item.chunks) chunks.push(chunk);
      this.#queuedBytes -= item.bytes;
      if (item.stream?.finished === false) {
        item.chunks.length = 0;
        item.bytes = 0;
        break;
      }
      this.#items.shift();
      this.messagesSent += item.messages;
      for (const waiter of item.waiters) this.#handedOver.push(waiter);
      if (item.stream !== null) this.#handedOver.push(item.stream.settled);
    }
    return chunks;
  }

  /** Makes the head of the queue ready to leave; false when that takes longer than now. */
  #prepare(item: Item): boolean {
    if (item.busy) return false;
    if (item.chunks.length > 0) return true;
    if (item.stream !== null) this.#pull(item, item.stream);
    else if (item.raw !== null) return this.#compress(item, item.raw);
    return !item.busy;
  }

  #compress(item: Item, raw: { opcode: number; data: Uint8Array }): boolean {
    const compressed = this.#deflater?.deflate(raw.data, true) ?? raw.data;
    if (!(compressed instanceof Promise)) {
      this.#frameCompressed(item, raw, compressed);
      return true;
    }
    item.busy = true;
    compressed.then(
      (data) => {
        this.#frameCompressed(item, raw, data);
        item.busy = false;
        this.flush();
      },
      (error: unknown) => this.#owner.onUnfinishable(error),
    );
    return false;
  }

  #frameCompressed(item: Item, raw: { opcode: number; data: Uint8Array }, compressed: Uint8Array): void {
    // Without takeover nothing obliges us to send what compression made longer (RFC 7692 §7.2.1).
    const plain = !this.#deflateTakeover && compressed.length >= raw.data.length;
    const encoder = new FrameEncoder(this.#runtime, this.#role);
    const size = encoder.addBytes(FIN | (plain ? 0 : RSV1) | raw.opcode, plain ? raw.data : compressed);
    item.chunks.push(...encoder.take());
    this.#queuedBytes += size - item.bytes;
    item.bytes = size;
  }

  #pull(item: Item, stream: OutgoingStream): void {
    item.busy = true;
    void this.#nextFragment(item, stream).then(
      () => {
        item.busy = false;
        this.flush();
      },
      (error: unknown) => this.#streamFailed(item, stream, error),
    );
  }

  async #nextFragment(item: Item, stream: OutgoingStream): Promise<void> {
    const piece = await stream.next();
    if (this.#stopped || this.#items.peek() !== item) return;
    const first = !stream.begun;
    // Begun before the compressor sees it: from here on the message cannot be taken back without losing its window.
    stream.begun = true;
    const compress = stream.compress && this.#deflater !== null;
    const data = typeof piece === "string" ? this.#utf8(piece) : piece;
    let payload: Uint8Array = data ?? new Uint8Array(0);
    if (compress && this.#deflater !== null) payload = await this.#deflater.deflate(payload, piece === null);
    if (this.#stopped || this.#items.peek() !== item) return;
    const opcode = !first ? OPCODE_CONTINUATION : stream.type === "text" ? OPCODE_TEXT : OPCODE_BINARY;
    const flags = (piece === null ? FIN : 0) | (compress && first ? RSV1 : 0);
    const encoder = new FrameEncoder(this.#runtime, this.#role);
    item.bytes = encoder.addBytes(flags | opcode, payload);
    item.chunks.push(...encoder.take());
    this.#queuedBytes += item.bytes;
    stream.finished = piece === null;
  }

  #streamFailed(item: Item, stream: OutgoingStream, error: unknown): void {
    stream.fail(error);
    if (this.#stopped || this.#items.peek() !== item) return;
    if (stream.begun) {
      this.#owner.onUnfinishable(error);
      return;
    }
    this.#items.shift();
    this.flush();
  }

  #utf8(text: string): Uint8Array {
    const { bytes } = this.#runtime;
    const encoded = bytes.allocate(bytes.utf8ByteLength(text));
    bytes.encodeUtf8(text, encoded, 0);
    return encoded;
  }

  #dropItem(item: Item, error: () => ConnectionError): void {
    this.#queuedBytes -= item.bytes;
    for (const waiter of item.waiters) waiter.reject(error());
    item.stream?.cut();
  }
}
