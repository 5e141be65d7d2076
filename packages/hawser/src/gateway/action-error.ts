import { UsageError } from "../internal/errors.js";
import { wireErrors } from "../messages/index.js";
import type { WireError, WireErrorCode, WireIssue } from "../messages/index.js";

export interface ActionErrorOptions {
  /** Whether the same request may succeed later. @default what the protocol's table says of the code; false for others */
  readonly temporary?: boolean;
  /** Not before this time has passed. */
  readonly retryAfterMs?: number;
  /** What a schema found in the data. */
  readonly issues?: readonly WireIssue[];
  readonly cause?: unknown;
}

const MAX_CODE_LENGTH = 64;

/**
 * A refusal that the peer is told: an action, `authenticate` or a channel's rule throws it. Whatever else is thrown is INTERNAL to
 * the peer, and told to `onError` alone.
 *
 * @example throw new ActionError("MARKET_CLOSED", "the market opens at 9:00", { temporary: true, retryAfterMs: 60_000 });
 */
export class ActionError extends Error {
  /** One of the protocol's codes, or the application's own: upper case, digits and `_`. */
  readonly code: string;
  readonly temporary: boolean;
  readonly retryAfterMs: number | undefined;
  readonly issues: readonly WireIssue[] | undefined;

  /** @throws UsageError INVALID_ARGUMENT for a code that is not one */
  constructor(code: string, message: string, options: ActionErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    if (typeof code !== "string" || code.length > MAX_CODE_LENGTH || !/^[A-Z][A-Z\d_]*$/.test(code)) {
      throw new UsageError(
        "INVALID_ARGUMENT",
        `code is ${String(code)}: expected upper case letters, digits and _, as in MARKET_CLOSED`,
        { facts: { name: "code", value: String(code) } },
      );
    }
    const { retryAfterMs } = options;
    if (
      retryAfterMs !== undefined &&
      !(typeof retryAfterMs === "number" && retryAfterMs >= 0 && retryAfterMs < Infinity)
    ) {
      throw new UsageError(
        "INVALID_ARGUMENT",
        `retryAfterMs is ${String(retryAfterMs)}: expected a number of milliseconds`,
        { facts: { name: "retryAfterMs", value: String(retryAfterMs) } },
      );
    }
    this.code = code;
    this.temporary = options.temporary ?? isTemporary(code);
    this.retryAfterMs = retryAfterMs;
    this.issues = options.issues;
  }

  override get name(): string {
    return "ActionError";
  }

  /** As it goes to the peer. */
  toWire(): WireError {
    const { code, message, temporary, retryAfterMs, issues } = this;
    return {
      code,
      message,
      temporary,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(issues === undefined ? {} : { issues }),
    };
  }
}

function isTemporary(code: string): boolean {
  return Object.hasOwn(wireErrors, code) && wireErrors[code as WireErrorCode].temporary === true; // an own key of the table
}
