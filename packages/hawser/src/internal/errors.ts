import type { ErrorCode } from "./error-codes.js";

/** The values an error is about, by name: `limit`, `size`, `opcode`, `status`. Numbers in the unit that the name says. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean>>;

interface ErrorDetails {
  readonly facts?: ErrorFacts;
  readonly cause?: unknown;
}

/** The base of every error Hawser throws or reports. Match on `code`; the message is for people and may change. */
export class HawserError extends Error {
  /** Stable; each is described in `docs/ERRORS.md`. */
  readonly code: ErrorCode;
  /** The values the message was built from. */
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.facts = details.facts ?? {};
  }

  override get name(): string {
    return "HawserError";
  }
}

/** The caller's mistake: a bad argument, or a call at the wrong time. Thrown at once, never sent to a peer. */
export class UsageError extends HawserError {
  override get name(): string {
    return "UsageError";
  }
}

/** The peer broke a rule of the protocol or a limit. `closeCode` is what it is told. */
export class ProtocolError extends HawserError {
  /** The close code that answers this fault: 1002, 1003, 1007, 1008 or 1009. */
  readonly closeCode: number;

  constructor(code: ErrorCode, closeCode: number, message: string, details: ErrorDetails = {}) {
    super(code, message, details);
    this.closeCode = closeCode;
  }

  override get name(): string {
    return "ProtocolError";
  }
}

/** The network, time, or the end of the connection got in the way. */
export class ConnectionError extends HawserError {
  override get name(): string {
    return "ConnectionError";
  }
}
