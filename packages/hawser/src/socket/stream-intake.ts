import { ConnectionError, ProtocolError } from "../internal/errors.js";
import { type ByteOperations, copyBytes } from "../internal/bytes.js";
import { CLOSE_INVALID_DATA, type Inflater, Utf8Decoder } from "../protocol/index.js";
import type { IncomingStream } from "./incoming-stream.js";
import type { Hold, MessageSink } from "./message-sink.js";

/** Compressed input of a stream is inflated in slices of this size, so that one slice makes at most about 1 MiB. */
const INFLATE_SLICE_BYTES = 1024;

const NOTHING = new Uint8Array(0);

export interface StreamIntakeOwner {
  /** A broken rule, or what a compressor threw. */
  onBroken(error: unknown): void;
}

/** The way in of stream mode: the pieces of one message after the other, decoded or inflated, to the sink's streams. */
export class StreamIntake {
  readonly #bytes: ByteOperations;
  #sink: MessageSink;
  readonly #owner: StreamIntakeOwner;
  #inflater: Inflater | null = null;
  /** The message under way; null between two, and when it is not wanted. */
  #stream: IncomingStream | null = null;
  /** The message that was complete last: pieces of it may be unread. */
  #complete: IncomingStream | null = null;
  #decoder: Utf8Decoder | null = null;
  #discarding = false;

  constructor(bytes: ByteOperations, sink: MessageSink, owner: StreamIntakeOwner) {
    this.#bytes = bytes;
    this.#sink = sink;
    this.#owner = owner;
  }

  useSink(sink: MessageSink): void {
    this.#sink = sink;
  }

  useInflater(inflater: Inflater): void {
    this.#inflater = inflater;
  }

  get unreadBytes(): number {
    return (this.#stream?.unreadBytes ?? 0) + (this.#complete?.unreadBytes ?? 0);
  }

  begin(type: "text" | "binary"): void {
    this.#decoder = type === "text" ? new Utf8Decoder(this.#bytes) : null;
    const stream = this.#discarding ? null : this.#sink.begin(type);
    // The handler that got it may have closed the connection.
    if (this.#discarding) stream?.fail(cutOff());
    else this.#stream = stream;
  }

  /** Takes a piece, lent for the length of the call. */
  piece(buffer: Uint8Array, start: number, end: number, compressed: boolean): Hold {
    if (this.#discarding) return undefined;
    if (!compressed) return this.#push(buffer, start, end);
    return this.#inflate(copyBytes(buffer, start, end), false);
  }

  /** The message is complete. */
  end(compressed: boolean): Hold {
    if (this.#discarding) return undefined;
    if (!compressed) return this.#finish();
    return this.#inflate(NOTHING, true).then(() => (this.#discarding ? undefined : this.#finish()));
  }

  /** Nothing more is wanted, neither of this message nor of another. */
  discard(): void {
    this.#discarding = true;
    // not cancelled: to its reader half a message must not look like a whole one
    this.#stream?.fail(cutOff());
    this.#complete = this.#stream ?? this.#complete;
    this.#stream = null;
  }

  /** Nothing more will come: whoever reads a message that is not complete learns it. */
  fail(error: Error): void {
    this.#discarding = true;
    this.#stream?.fail(error);
    this.#stream = null;
  }

  #push(buffer: Uint8Array, start: number, end: number): Promise<void> | undefined {
    if (this.#decoder !== null) {
      const text = this.#decoder.decode(buffer, start, end);
      if (text === undefined) this.#owner.onBroken(invalidText());
      else return this.#stream?.push(text);
      return undefined;
    }
    if (this.#stream === null || this.#stream.cancelled) return undefined;
    return this.#stream.push(copyBytes(buffer, start, end));
  }

  /** Inflates a piece slice by slice, each waiting until the reader has room. */
  async #inflate(piece: Uint8Array, last: boolean): Promise<void> {
    try {
      for (let at = 0; at < piece.length || (last && at === 0); at += INFLATE_SLICE_BYTES) {
        const slice = piece.subarray(at, at + INFLATE_SLICE_BYTES);
        // oxlint-disable-next-line no-await-in-loop -- the pieces of one message are inflated in order
        const data = (await this.#inflater?.inflate(slice, last, Infinity)) ?? NOTHING;
        if (this.#discarding) return;
        // oxlint-disable-next-line no-await-in-loop -- the reader's pace is the point
        await this.#push(data, 0, data.length);
        if (this.#discarding) return;
      }
    } catch (error) {
      if (!this.#discarding) this.#owner.onBroken(error);
    }
  }

  #finish(): Hold {
    if (this.#decoder !== null && !this.#decoder.finish()) {
      this.#owner.onBroken(invalidText());
      return undefined;
    }
    const stream = this.#stream;
    this.#stream = null;
    this.#complete = stream;
    stream?.finish();
    return stream === null ? undefined : this.#sink.end();
  }
}

function cutOff(): ConnectionError {
  return new ConnectionError("CONNECTION_CLOSED", "the connection was closed before the message was complete");
}

export function invalidText(): ProtocolError {
  return new ProtocolError("UTF8_INVALID", CLOSE_INVALID_DATA, "a text message is not valid UTF-8");
}
