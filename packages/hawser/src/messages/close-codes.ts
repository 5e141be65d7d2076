/** What a client that comes back by itself does when a connection ended with a code. */
export type CloseReaction = "soon" | "backoff" | "login" | "never";

interface CloseCode {
  readonly reaction: CloseReaction;
  readonly meaning: string;
}

/** The close codes of a gateway's connections, for both sides: `docs/PROTOCOL.md`, section 7. */
export const closeCodes: ReadonlyMap<number, CloseCode> = new Map<number, CloseCode>([
  [1000, { reaction: "backoff", meaning: "normal closure" }],
  [1001, { reaction: "soon", meaning: "going away: the server closes" }],
  [1002, { reaction: "never", meaning: "protocol error" }],
  [1003, { reaction: "never", meaning: "binary without a binary codec" }],
  [1005, { reaction: "backoff", meaning: "closed without a code" }],
  [1006, { reaction: "backoff", meaning: "lost without a closing handshake" }],
  [1007, { reaction: "never", meaning: "invalid data in a message" }],
  [1008, { reaction: "never", meaning: "policy violation" }],
  [1009, { reaction: "never", meaning: "message too big" }],
  [1011, { reaction: "backoff", meaning: "the server failed" }],
  [1012, { reaction: "soon", meaning: "the server restarts" }],
  [1013, { reaction: "backoff", meaning: "the server is overloaded" }],
  [4008, { reaction: "backoff", meaning: "too slow: the outbox overflowed, or nothing was taken for too long" }],
  [4029, { reaction: "backoff", meaning: "too many messages" }],
  [4400, { reaction: "never", meaning: "too many malformed messages" }],
  [4401, { reaction: "login", meaning: "not logged in in time, or the login has ended" }],
  [4403, { reaction: "never", meaning: "forbidden: kicked, or too many refused logins" }],
  [4409, { reaction: "never", meaning: "replaced by a newer connection of the same session" }],
]);

export const CLOSE_SLOW = 4008;
export const CLOSE_FLOOD = 4029;
export const CLOSE_MALFORMED = 4400;
export const CLOSE_UNAUTHENTICATED = 4401;
export const CLOSE_FORBIDDEN = 4403;
export const CLOSE_REPLACED = 4409;

/** What to do after `code`; a code that is not in the table is backed off. */
export function closeReaction(code: number): CloseReaction {
  return closeCodes.get(code)?.reaction ?? "backoff";
}
