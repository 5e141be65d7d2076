import { ConnectionError, type HawserError, ProtocolError, UsageError } from "../internal/errors.js";
import { CLOSE_MESSAGE_TOO_BIG, CLOSE_POLICY_VIOLATION, type SocketState } from "../protocol/index.js";
import type { CloseReport } from "./socket-types.js";

/** Why something was not done on a connection that ended with a closing handshake, or is about to. */
export function createClosedError(error: HawserError | null): ConnectionError {
  const cause = error === null ? {} : { cause: error };
  return new ConnectionError("CONNECTION_CLOSED", "the connection was closed before this was done", cause);
}

/** The same on a connection that ended without one. */
export function createLostError(error: HawserError | null): ConnectionError {
  return new ConnectionError("CONNECTION_LOST", "the connection ended without a closing handshake", { cause: error });
}

/** What is asked of a connection that is over, as its report says. */
export function createEndError({ clean, error }: CloseReport): ConnectionError {
  const code = clean ? "CONNECTION_CLOSED" : "CONNECTION_LOST";
  return new ConnectionError(code, "the connection is over", { cause: error });
}

export function wrongState(call: string, state: SocketState): UsageError {
  return new UsageError("INVALID_STATE", `${call} is not possible while the socket is ${state}`, {
    facts: { call, state },
  });
}

/** What became of a connection that nobody closed. */
export function describeLoss(cause: Error | undefined): ConnectionError {
  const why = cause === undefined ? "the peer ended it without a Close" : cause.message;
  return new ConnectionError(
    "CONNECTION_LOST",
    `the connection was lost: ${why}`,
    cause === undefined ? {} : { cause },
  );
}

export function tooManyControlFrames(limit: number): ProtocolError {
  const message = `more than ${limit} control frames in a second`;
  return new ProtocolError("TOO_MANY_CONTROL_FRAMES", CLOSE_POLICY_VIOLATION, message, { facts: { limit } });
}

export function inflatedTooBig(size: number, limit: number): ProtocolError {
  const message = `message of ${size} bytes, inflated, passes the limit of ${limit}`;
  return new ProtocolError("MESSAGE_TOO_BIG", CLOSE_MESSAGE_TOO_BIG, message, { facts: { size, limit } });
}

/** What an application threw, whatever that is. */
export function describeThrown(value: unknown): string {
  try {
    return value instanceof Error ? value.message : String(value);
  } catch {
    return "with something that has no text";
  }
}

export function queueFull(size: number, bufferedBytes: number, limit: number): ConnectionError {
  return new ConnectionError(
    "QUEUE_FULL",
    `the send queue holds ${bufferedBytes} bytes and takes no ${size} more: the limit is ${limit}; await drained() or send()`,
    { facts: { size, bufferedBytes, limit } },
  );
}

export function pingTooLong(size: number, limit: number): UsageError {
  return new UsageError("INVALID_ARGUMENT", `a ping's data has ${size} bytes: at most ${limit} fit`, {
    facts: { size, limit },
  });
}

export function tooManyPings(limit: number): ConnectionError {
  return new ConnectionError("QUEUE_FULL", `${limit} pings are unanswered`, { facts: { limit } });
}
