import type { IncomingStream } from "./incoming-stream.js";
import type { Message } from "./socket-types.js";

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

/** What a handler of the application returned, if it can be waited for. */
export function asHold(result: unknown): Hold {
  const isObject = (typeof result === "object" && result !== null) || typeof result === "function";
  const thenable = isObject && "then" in result && typeof result.then === "function";
  return thenable ? (result as PromiseLike<unknown>) : undefined; // checked just now
}
