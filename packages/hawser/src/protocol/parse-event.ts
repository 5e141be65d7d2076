import type { ProtocolError } from "../internal/errors.js";
import { NO_BYTES } from "./message-assembly.js";

/** What `next` found. */
export const ParseEvent = {
  /** Nothing more in the bytes pushed. */
  needMore: 0,
  /** A whole message. */
  message: 1,
  /** Stream mode: a message began. */
  begin: 2,
  /** Stream mode: a part of its payload. */
  piece: 3,
  /** Stream mode: it ended. */
  end: 4,
  ping: 5,
  pong: 6,
  /** A Close, after which everything is dropped. */
  close: 7,
  /** The peer broke a rule, after which everything is dropped. */
  failed: 8,
} as const;
export type ParseEvent = (typeof ParseEvent)[keyof typeof ParseEvent];

/** The facts of a parser's last event: to be read only, and valid until the next call of `next`. */
export class ParseFacts {
  /** Holds the payload in `[start, end)`: of message, piece, ping and pong. */
  buffer: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  /** Whether the payload is in memory that nobody else will use; else it lies in the bytes pushed. */
  owned = false;
  /** message: the text, when it is text and not compressed. */
  text: string | undefined = undefined;
  /** message, begin, piece, end. */
  type: "text" | "binary" = "binary";
  /** message, begin, piece, end: whether the payload is compressed. */
  compressed = false;
  /** close: 1005 when it carried none. */
  closeCode = 0;
  closeReason = "";
  /** failed: why. */
  error: ProtocolError | null = null;

  protected setPayload(buffer: Uint8Array, start: number, end: number, owned: boolean): void {
    this.buffer = buffer;
    this.start = start;
    this.end = end;
    this.owned = owned;
  }
}
