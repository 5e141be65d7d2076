import { type ByteOperations, copyBytes } from "../internal/bytes.js";
import { ProtocolError } from "../internal/errors.js";
import { FrameParser, type FrameParserOptions, type Inflater, ParseEvent } from "../protocol/index.js";
import { inflatedTooBig } from "./connection-errors.js";
import type { Hold, MessageSink } from "./message-sink.js";
import type { MessageRate } from "./message-rate.js";
import type { Message } from "./socket-types.js";
import { invalidText, StreamIntake, type StreamIntakeOwner } from "./stream-intake.js";
import type { Transport } from "./transport.js";

export interface ReceiverOwner {
  onPing(payload: Uint8Array): void;
  onPong(payload: Uint8Array): void;
  onPeerClose(code: number, reason: string): void;
  onFault(error: ProtocolError): void;
  /** The peer's direction is over, and everything before it has been dealt with. */
  onPeerEnd(): void;
  onHandlerFailed(error: unknown): void;
  /** Reading stands still, because what came before is held. */
  onPaused(): void;
  /** Reading goes on after a pause. */
  onResumed(): void;
  /** What was held went on, by itself. */
  onPumped(): void;
}

const NOTHING = new Uint8Array(0);

/**
 * The way in: bytes to frames to messages, one at a time. While a message is held (its handler has not finished, a queue is
 * full, an inflater works) nothing more is parsed; what still arrives is kept aside, and the transport is paused with the
 * first chunk that comes to be kept.
 */
export class Receiver implements StreamIntakeOwner {
  readonly #transport: Transport;
  readonly #parser: FrameParser;
  readonly #bytes: ByteOperations;
  #sink: MessageSink;
  /** In stream mode alone. */
  readonly #streams: StreamIntake | null;
  readonly #owner: ReceiverOwner;
  #inflater: Inflater | null = null;
  /** The compressed message that an inflater works at, or is about to. */
  #inflatingBytes = 0;
  #rate: MessageRate | null = null;
  /** Bytes kept aside while held, in order. */
  #kept: Uint8Array[] | null = null;
  #keptBytes = 0;
  /** Counts up when everything held is let go at once: what was awaited before that does not matter any more. */
  #generation = 0;
  #held = false;
  #pumping = false;
  #paused = false;
  #discarding = false;
  #stopped = false;
  #peerEnded = false;

  bytesReceived = 0;
  messagesReceived = 0;

  constructor(transport: Transport, options: FrameParserOptions, sink: MessageSink, owner: ReceiverOwner) {
    this.#transport = transport;
    this.#parser = new FrameParser(options);
    this.#bytes = options.bytes;
    this.#sink = sink;
    this.#streams = options.mode === "stream" ? new StreamIntake(options.bytes, sink, this) : null;
    this.#owner = owner;
  }

  /** Gives messages to another sink; none may have come yet. */
  useSink(sink: MessageSink): void {
    this.#sink = sink;
    this.#streams?.useSink(sink);
  }

  useInflater(inflater: Inflater): void {
    this.#inflater = inflater;
    this.#streams?.useInflater(inflater);
  }

  useRate(rate: MessageRate): void {
    this.#rate = rate;
  }

  get maxMessageBytes(): number {
    return this.#parser.maxMessageBytes;
  }
  set maxMessageBytes(bytes: number) {
    this.#parser.maxMessageBytes = bytes;
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
    const { retainedBytes, unreadBytes } = this.#parser;
    return retainedBytes + unreadBytes + this.#keptBytes + this.#inflatingBytes + (this.#streams?.unreadBytes ?? 0);
  }

  /** `buffer` is lent for the length of the call. */
  onData(buffer: Uint8Array, start: number, end: number): void {
    if (this.#stopped) return;
    this.bytesReceived += end - start;
    if (this.#held || this.#pumping || this.#kept !== null || this.#parser.unreadBytes > 0) {
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
    this.#streams?.discard();
    if (!this.#pumping) this.#continue();
  }

  /** Nothing more is looked at: what arrives is dropped, and not counted. */
  stop(): void {
    this.#stopped = true;
    this.#generation++;
    this.#held = false;
    this.#parser.discard();
    this.#kept = null;
    this.#keptBytes = 0;
    this.#inflater?.close();
    this.#inflater = null;
    this.#resume();
  }

  /** The connection is over: whoever reads a message that is not complete learns it. */
  failStream(error: Error): void {
    this.#streams?.fail(error);
  }

  /** Holds what comes next until `promise` settles. Once messages are dropped, nobody is waited for. */
  hold(promise: PromiseLike<unknown>): void {
    const generation = ++this.#generation;
    this.#held = !this.#discarding && !this.#stopped;
    const release = (): void => {
      if (generation !== this.#generation) return;
      this.#held = false;
      if (!this.#pumping) this.#continue();
    };
    promise.then(release, (error: unknown) => {
      this.#owner.onHandlerFailed(error);
      release();
    });
  }

  onBroken(error: unknown): void {
    if (this.#stopped) return;
    if (error instanceof ProtocolError) this.#owner.onFault(error);
    else this.#owner.onHandlerFailed(error);
  }

  #keep(bytes: Uint8Array): void {
    (this.#kept ??= []).push(bytes);
    this.#keptBytes += bytes.length;
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#transport.pause();
    this.#owner.onPaused();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#transport.resume();
    this.#owner.onResumed();
  }

  /** Goes on with what was kept aside, then with what the transport has. */
  #continue(): void {
    // What the parser holds here is memory of our own: held again, it simply stays where it is. Without any byte it may still
    // owe an event: the end of a message whose last piece was held.
    this.#pump();
    while (!this.#held && !this.#stopped) {
      const bytes = this.#kept?.shift();
      if (bytes === undefined) break;
      if (this.#kept?.length === 0) this.#kept = null;
      this.#keptBytes -= bytes.length;
      this.#parser.push(bytes, 0, bytes.length);
      this.#pump();
    }
    if (!this.#held && !this.#stopped) {
      this.#resume();
      if (this.#peerEnded) this.#pump();
    }
    this.#owner.onPumped();
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
    if (this.#peerEnded && !this.#held && !this.#stopped && this.#kept === null) {
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
        this.messagesReceived++;
        this.#rate?.count(1, 0);
        this.#streams?.begin(parser.type);
        return;
      case ParseEvent.piece:
        this.#rate?.count(0, parser.end - parser.start);
        this.#holdFor(this.#streams?.piece(parser.buffer, parser.start, parser.end, parser.compressed));
        return;
      case ParseEvent.end:
        this.#holdFor(this.#streams?.end(parser.compressed));
        return;
      case ParseEvent.ping:
        this.#owner.onPing(this.#copyPayload());
        return;
      case ParseEvent.pong:
        this.#owner.onPong(this.#copyPayload());
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

  /** Holds for what was just given out, and for the rate that it counts against. */
  #holdFor(hold: Hold): void {
    const pause = this.#discarding || this.#stopped ? undefined : this.#rate?.pause();
    const both = hold !== undefined && pause !== undefined ? Promise.all([hold, pause]) : (hold ?? pause);
    if (both !== undefined) this.hold(both);
  }

  #copyPayload(): Uint8Array {
    const { buffer, start, end } = this.#parser;
    return copyBytes(buffer, start, end);
  }

  #onMessage(): void {
    const parser = this.#parser;
    this.messagesReceived++;
    if (this.#discarding) return;
    if (parser.compressed) this.#inflateMessage();
    else if (parser.text !== undefined) this.#deliver(parser.text);
    else if (parser.owned || this.#sink.lends) this.#deliver(view(parser.buffer, parser.start, parser.end));
    else this.#deliver(this.#copyPayload());
  }

  #deliver(data: Message): void {
    this.#rate?.count(1, typeof data === "string" ? this.#bytes.utf8ByteLength(data) : data.length);
    try {
      this.#holdFor(this.#sink.message(data));
    } catch (error) {
      this.#owner.onHandlerFailed(error);
    }
  }

  #inflateMessage(): void {
    const { type, owned, buffer, start, end } = this.#parser;
    // An inflater that answers later reads on when the buffer is not lent any more.
    const compressed = owned ? view(buffer, start, end) : this.#copyPayload();
    try {
      const inflated = this.#inflater?.inflate(compressed, true, this.maxMessageBytes) ?? NOTHING;
      if (inflated instanceof Promise) this.#afterInflating(type, compressed.length, inflated);
      else this.#deliverInflated(type, inflated);
    } catch (error) {
      this.onBroken(error);
    }
  }

  /** Holds until the inflater is done; what is delivered then may hold in its turn. */
  #afterInflating(type: "text" | "binary", compressedBytes: number, inflated: Promise<Uint8Array>): void {
    this.#inflatingBytes = compressedBytes;
    const done = inflated.then(
      (data) => {
        this.#inflatingBytes = 0;
        this.#deliverInflated(type, data);
      },
      (error: unknown) => {
        this.#inflatingBytes = 0;
        this.onBroken(error);
      },
    );
    this.hold(done);
  }

  #deliverInflated(type: "text" | "binary", data: Uint8Array): void {
    if (this.#discarding || this.#stopped) return;
    // the limit may have come down while the inflater worked
    if (data.length > this.maxMessageBytes) {
      this.#owner.onFault(inflatedTooBig(data.length, this.maxMessageBytes));
      return;
    }
    if (type === "binary") {
      this.#deliver(data);
      return;
    }
    const text = this.#bytes.decodeUtf8(data, 0, data.length);
    if (text === undefined) this.#owner.onFault(invalidText());
    else this.#deliver(text);
  }
}

/** A plain Uint8Array over the same memory, whatever kind of array the buffer is. */
function view(buffer: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset + start, end - start);
}
