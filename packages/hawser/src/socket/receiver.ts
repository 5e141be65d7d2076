import { copyBytes } from "../internal/bytes.js";
import { ProtocolError } from "../internal/errors.js";
import {
  CLOSE_INVALID_DATA,
  FrameParser,
  type FrameParserOptions,
  type Inflater,
  ParseEvent,
  Utf8Decoder,
} from "../protocol/index.js";
import type { IncomingStream } from "./incoming-stream.js";
import type { Message } from "./socket-types.js";
import type { Transport } from "./transport.js";

/** A promise that holds the next message back, or nothing. */
export type Hold = PromiseLike<unknown> | undefined;

/** Where messages go. Binary data is the sink's own unless `lends` says that it takes borrowed memory. */
export interface MessageSink {
  readonly lends: boolean;
  message(data: Message): Hold;
  begin(type: "text" | "binary"): IncomingStream;
  /** The message of the last `begin` is complete. The next waits for the promise. */
  end(): Hold;
}

export interface ReceiverOwner {
  onPing(payload: Uint8Array): void;
  onPong(payload: Uint8Array): void;
  onPeerClose(code: number, reason: string): void;
  onFault(error: ProtocolError): void;
  /** The peer's direction is over, and everything before it has been dealt with. */
  onPeerEnd(): void;
  onHandlerFailed(error: unknown): void;
}

/** Compressed input of a stream is inflated in slices of this size, so that one slice makes at most about 1 MiB. */
const INFLATE_SLICE_BYTES = 1024;

const NOTHING = new Uint8Array(0);

/**
 * The way in: bytes to frames to messages, one at a time. While a message is held (its handler has not finished, a queue is
 * full, an inflater works) nothing more is parsed; what still arrives is kept aside, and the transport is paused with the
 * first chunk that comes to be kept.
 */
export class Receiver {
  readonly #transport: Transport;
  readonly #parser: FrameParser;
  readonly #options: FrameParserOptions;
  readonly #sink: MessageSink;
  readonly #owner: ReceiverOwner;
  #inflater: Inflater | null = null;
  /** Bytes kept aside while held, in order. */
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  /** Counts up when everything held is let go at once: what was awaited before that does not matter any more. */
  #generation = 0;
  #held = false;
  #pumping = false;
  #paused = false;
  #discarding = false;
  #stopped = false;
  #peerEnded = false;
  #stream: IncomingStream | null = null;
  #decoder: Utf8Decoder | null = null;

  bytesReceived = 0;
  messagesReceived = 0;

  constructor(transport: Transport, options: FrameParserOptions, sink: MessageSink, owner: ReceiverOwner) {
    this.#transport = transport;
    this.#parser = new FrameParser(options);
    this.#options = options;
    this.#sink = sink;
    this.#owner = owner;
  }

  useInflater(inflater: Inflater): void {
    this.#inflater = inflater;
  }

  /** Whether reading stands still because the application has not kept up. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Whether messages are dropped. */
  get discarding(): boolean {
    return this.#discarding;
  }

  /** Memory held on the way in, the application's queue not counted. */
  get retainedBytes(): number {
    return this.#parser.retainedBytes + this.#parser.unreadBytes + this.#keptBytes + (this.#stream?.unreadBytes ?? 0);
  }

  /** `buffer` is lent for the length of the call. */
  onData(buffer: Uint8Array, start: number, end: number): void {
    if (this.#stopped) return;
    this.bytesReceived += end - start;
    if (this.#held || this.#pumping || this.#kept.length > 0 || this.#parser.unreadBytes > 0) {
      this.#keep(copyBytes(buffer, start, end));
      if (this.#held) this.#pause();
      return;
    }
    this.#parser.push(buffer, start, end);
    this.#pump();
    if (this.#parser.unreadBytes > 0) this.#keep(this.#parser.takeUnread());
  }

  onEnd(): void {
    this.#peerEnded = true;
    if (!this.#held && !this.#pumping) this.#pump();
  }

  /** From now on messages are dropped; control frames still count. Lets go of whatever holds. */
  discard(): void {
    this.#discarding = true;
    this.#generation++;
    this.#held = false;
    this.#stream?.cancel();
    if (!this.#pumping) this.#continue();
  }

  /** Nothing more is looked at; what arrives is counted and dropped. */
  stop(): void {
    this.#stopped = true;
    this.#generation++;
    this.#held = false;
    this.#parser.discard();
    this.#kept = [];
    this.#keptBytes = 0;
    this.#inflater?.close();
    this.#inflater = null;
    this.#resume();
  }

  /** The connection is over: whoever reads a message that is not complete learns it. */
  failStream(error: Error): void {
    this.#stream?.fail(error);
    this.#stream = null;
  }

  /** Holds what comes next until `promise` settles. */
  hold(promise: PromiseLike<unknown>): void {
    this.#held = true;
    const generation = ++this.#generation;
    const release = (): void => {
      if (generation !== this.#generation) return;
      this.#held = false;
      if (!this.#pumping) this.#continue();
    };
    promise.then(release, (error: unknown) => {
      if (generation === this.#generation) this.#owner.onHandlerFailed(error);
      release();
    });
  }

  #keep(bytes: Uint8Array): void {
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#transport.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#transport.resume();
  }

  /** Goes on with what was kept aside, then with what the transport has. */
  #continue(): void {
    // What the parser holds here is memory of our own: held again, it simply stays where it is.
    if (this.#parser.unreadBytes > 0) this.#pump();
    while (!this.#held && !this.#stopped) {
      const bytes = this.#kept.shift();
      if (bytes === undefined) break;
      this.#keptBytes -= bytes.length;
      this.#parser.push(bytes, 0, bytes.length);
      this.#pump();
    }
    if (this.#held || this.#stopped) return;
    this.#resume();
    if (this.#peerEnded) this.#pump();
  }

  #pump(): void {
    const parser = this.#parser;
    this.#pumping = true;
    while (!this.#held && !this.#stopped) {
      const event = parser.next();
      if (event === ParseEvent.needMore) break;
      this.#handle(event);
    }
    this.#pumping = false;
    if (this.#peerEnded && !this.#held && !this.#stopped && this.#kept.length === 0) {
      this.#peerEnded = false; // told once
      this.#owner.onPeerEnd();
    }
  }

  #handle(event: ParseEvent): void {
    const parser = this.#parser;
    switch (event) {
      case ParseEvent.message:
        this.#onMessage();
        return;
      case ParseEvent.begin:
        this.#onBegin();
        return;
      case ParseEvent.piece:
        this.#onPiece();
        return;
      case ParseEvent.end:
        this.#onEnd();
        return;
      case ParseEvent.ping:
        this.#owner.onPing(copyBytes(parser.buffer, parser.start, parser.end));
        return;
      case ParseEvent.pong:
        this.#owner.onPong(copyBytes(parser.buffer, parser.start, parser.end));
        return;
      case ParseEvent.close:
        this.#owner.onPeerClose(parser.closeCode, parser.closeReason);
        return;
      case ParseEvent.failed:
        if (parser.error !== null) this.#owner.onFault(parser.error);
        return;
      case ParseEvent.needMore:
    }
  }

  #onMessage(): void {
    const parser = this.#parser;
    this.messagesReceived++;
    if (this.#discarding) return;
    if (parser.compressed) this.#inflateMessage();
    else if (parser.text !== undefined) this.#deliver(parser.text);
    else if (parser.owned || this.#sink.lends) this.#deliver(view(parser.buffer, parser.start, parser.end));
    else this.#deliver(copyBytes(parser.buffer, parser.start, parser.end));
  }

  #deliver(data: Message): void {
    try {
      const hold = this.#sink.message(data);
      if (hold !== undefined) this.hold(hold);
    } catch (error) {
      this.#owner.onHandlerFailed(error);
    }
  }

  #inflateMessage(): void {
    const parser = this.#parser;
    const { type } = parser;
    try {
      const inflated = this.#inflate(
        view(parser.buffer, parser.start, parser.end),
        true,
        this.#options.maxMessageBytes,
      );
      if (inflated instanceof Promise) this.#afterInflating(inflated, (data) => this.#deliverInflated(type, data));
      else this.#deliverInflated(type, inflated);
    } catch (error) {
      this.#transformFailed(error);
    }
  }

  #deliverInflated(type: "text" | "binary", data: Uint8Array): void {
    if (this.#discarding || this.#stopped) return;
    if (type === "binary") {
      this.#deliver(data);
      return;
    }
    const text = this.#options.bytes.decodeUtf8(data, 0, data.length);
    if (text === undefined) this.#owner.onFault(invalidText());
    else this.#deliver(text);
  }

  /** Holds until the inflater is done; what is delivered then may hold in its turn. */
  #afterInflating(inflated: Promise<Uint8Array>, deliver: (data: Uint8Array) => void): void {
    const done = inflated.then(deliver, (error: unknown) => this.#transformFailed(error));
    this.hold(done);
  }

  #inflate(piece: Uint8Array, last: boolean, maxBytes: number): Uint8Array | Promise<Uint8Array> {
    return this.#inflater?.inflate(piece, last, maxBytes) ?? NOTHING;
  }

  #transformFailed(error: unknown): void {
    if (this.#stopped) return;
    if (error instanceof ProtocolError) this.#owner.onFault(error);
    else this.#owner.onHandlerFailed(error);
  }

  #onBegin(): void {
    this.messagesReceived++;
    this.#decoder = this.#parser.type === "text" ? new Utf8Decoder(this.#options.bytes) : null;
    this.#stream = this.#discarding ? null : this.#sink.begin(this.#parser.type);
  }

  #onPiece(): void {
    const { buffer, start, end, compressed } = this.#parser;
    if (compressed) {
      this.hold(this.#inflatePieces(copyBytes(buffer, start, end), false));
      return;
    }
    const hold = this.#pushPiece(buffer, start, end);
    if (hold !== undefined) this.hold(hold);
  }

  #pushPiece(buffer: Uint8Array, start: number, end: number): Promise<void> | undefined {
    if (this.#decoder !== null) {
      const text = this.#decoder.decode(buffer, start, end);
      if (text === undefined) this.#owner.onFault(invalidText());
      else return this.#stream?.push(text);
      return undefined;
    }
    if (this.#stream === null || this.#stream.cancelled) return undefined;
    return this.#stream.push(copyBytes(buffer, start, end));
  }

  /** Inflates a piece of a stream slice by slice, each waiting until the reader has room. */
  async #inflatePieces(piece: Uint8Array, last: boolean): Promise<void> {
    const generation = this.#generation + 1; // the one that `hold` is about to give
    try {
      for (let at = 0; at < piece.length || (last && at === 0); at += INFLATE_SLICE_BYTES) {
        const slice = piece.subarray(at, at + INFLATE_SLICE_BYTES);
        // oxlint-disable-next-line no-await-in-loop -- the pieces of one message are inflated in order
        const data = await this.#inflate(slice, last, Infinity);
        if (this.#stopped) return;
        const hold = this.#pushPiece(data, 0, data.length);
        // oxlint-disable-next-line no-await-in-loop -- the reader's pace is the point
        if (hold !== undefined && generation === this.#generation) await hold;
      }
    } catch (error) {
      this.#transformFailed(error);
    }
  }

  #onEnd(): void {
    if (!this.#parser.compressed) {
      this.#finishStream();
      return;
    }
    const done = this.#inflatePieces(NOTHING, true).then(() => this.#finishStream());
    this.hold(done);
  }

  #finishStream(): void {
    if (this.#decoder !== null && !this.#decoder.finish()) {
      this.#owner.onFault(invalidText());
      return;
    }
    const stream = this.#stream;
    this.#stream = null;
    stream?.finish();
    if (stream === null || this.#discarding) return;
    const hold = this.#sink.end();
    if (hold !== undefined) this.hold(hold);
  }
}

/** A plain Uint8Array over the same memory, whatever kind of array the buffer is. */
function view(buffer: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset + start, end - start);
}

function invalidText(): ProtocolError {
  return new ProtocolError("UTF8_INVALID", CLOSE_INVALID_DATA, "a text message is not valid UTF-8");
}
