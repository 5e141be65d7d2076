/** The error codes that a gateway answers with, and whether the same request may succeed later: `docs/PROTOCOL.md`, section 6. */
export const wireErrors = {
  BAD_REQUEST: { temporary: false, meaning: "the message breaks a rule of the envelope" },
  INVALID_DATA: { temporary: false, meaning: "`data` is not what the action takes; `issues` says why" },
  UNKNOWN_ACTION: { temporary: false, meaning: "the server has no such action" },
  UNKNOWN_CHANNEL: { temporary: false, meaning: "the server has no such channel" },
  UNAUTHENTICATED: { temporary: false, meaning: "the action needs a login" },
  LOGIN_REFUSED: { temporary: false, meaning: "the credentials were refused" },
  FORBIDDEN: { temporary: false, meaning: "the session may not do this" },
  CONFLICT: { temporary: undefined, meaning: "the request contradicts one that runs or ran, or the session's user" },
  TOO_MANY_REQUESTS: { temporary: true, meaning: "too many requests of the session are in flight" },
  TOO_MANY_SESSIONS: { temporary: true, meaning: "the user has as many sessions as allowed" },
  TOO_MANY_CHANNELS: { temporary: false, meaning: "the session has as many channels as allowed" },
  RATE_LIMITED: { temporary: true, meaning: "too much in too short a time; `retryAfterMs` says when to go on" },
  TIMEOUT: { temporary: true, meaning: "the action did not finish in time; its effect is unknown" },
  CANCELLED: { temporary: false, meaning: "the request was cancelled" },
  UNAVAILABLE: { temporary: true, meaning: "the server, or what it needs, cannot do this just now" },
  INTERNAL: { temporary: false, meaning: "the server failed; the truth is in its log" },
} as const;

/** One of the gateway's own error codes; applications add theirs. */
export type WireErrorCode = keyof typeof wireErrors;

/** Something a schema found in `data`. */
export interface WireIssue {
  readonly message: string;
  readonly path?: readonly (string | number)[];
}

/** `error` of a response with status 0. */
export interface WireError {
  /** A `WireErrorCode`, or one of the application's own. */
  readonly code: string;
  readonly message: string;
  /** Whether the same request may succeed later. */
  readonly temporary: boolean;
  readonly retryAfterMs?: number;
  readonly issues?: readonly WireIssue[];
}
