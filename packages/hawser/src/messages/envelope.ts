import type { WireError } from "./wire-errors.js";

// The shapes of docs/PROTOCOL.md, section 2. What is absent is undefined here and left out on the wire.

export const SUB_PROTOCOL = "hawser.v1";

/** Actions that are the gateway's own; an application's action has another name. */
export const RESERVED_ACTIONS: ReadonlySet<string> = new Set([
  "login",
  "logout",
  "refresh",
  "subscribe",
  "unsubscribe",
  "publish",
  "history",
  "presence",
  "cancel",
  "ping",
]);

/** Asks; with `pid` it is answered. */
export interface RequestMessage {
  readonly pid?: string | undefined;
  readonly action: string;
  readonly data?: unknown;
  readonly channel?: string | undefined;
  readonly event?: string | undefined;
  readonly key?: string | undefined;
  readonly session?: string | undefined;
  readonly resume?: string | undefined;
}

/** Answers the request with its `pid`. */
export interface ResponseMessage {
  readonly pid: string;
  readonly actionAck: string;
  readonly status: 1 | 0;
  readonly data?: unknown;
  readonly error?: WireError | undefined;
  readonly channel?: string | undefined;
  readonly session?: string | undefined;
  readonly resume?: string | undefined;
  readonly resumed?: boolean | undefined;
  readonly channels?: readonly string[] | undefined;
}

/** Comes from the server unasked; with `channel` it is a publication. */
export interface PushMessage {
  readonly actionAck: string;
  readonly status: 1 | 0;
  readonly data?: unknown;
  readonly error?: WireError | undefined;
  readonly channel?: string | undefined;
  readonly key?: string | undefined;
  readonly session?: string | undefined;
  readonly resume?: string | undefined;
}
