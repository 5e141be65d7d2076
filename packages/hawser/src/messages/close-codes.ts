/** What a client that comes back by itself does when a connection ended with a code. */
export type CloseReaction = "soon" | "backoff" | "login" | "never";

interface CloseCode {
  readonly reaction: CloseReaction;
  readonly meaning: string;
}

const reactions: Readonly<Record<Exclude<CloseReaction, "backoff">, readonly number[]>> = {
  soon: [1001, 1012],
  login: [4401],
  never: [1002, 1003, 1007, 1008, 1009, 4400, 4403, 4409],
};

/** The close codes of a gateway's connections, for both sides: `docs/PROTOCOL.md`, section 7. */
export const closeCodes: ReadonlyMap<number, CloseCode> = /* @__PURE__ */ listCloseCodes();

/** A function, so that a page which never explains a code does not load the words. */
function listCloseCodes(): ReadonlyMap<number, CloseCode> {
  const meanings: readonly (readonly [code: number, meaning: string])[] = [
    [1000, "normal closure"],
    [1001, "going away: the server closes"],
    [1002, "protocol error"],
    [1003, "binary without a binary codec"],
    [1005, "closed without a code"],
    [1006, "lost without a closing handshake"],
    [1007, "invalid data in a message"],
    [1008, "policy violation"],
    [1009, "message too big"],
    [1011, "the server failed"],
    [1012, "the server restarts"],
    [1013, "the server is overloaded"],
    [4008, "too slow: the outbox overflowed, or nothing was taken for too long"],
    [4029, "too many messages"],
    [4400, "too many malformed messages"],
    [4401, "not logged in in time, or the login has ended"],
    [4403, "forbidden: kicked, or too many refused logins"],
    [4409, "replaced by a newer connection of the same session"],
  ];
  return new Map(meanings.map(([code, meaning]) => [code, { reaction: closeReaction(code), meaning }]));
}

export const CLOSE_SLOW = 4008;
export const CLOSE_MALFORMED = 4400;
export const CLOSE_UNAUTHENTICATED = 4401;
export const CLOSE_FORBIDDEN = 4403;
export const CLOSE_REPLACED = 4409;

/** What to do after `code`; a code that is not in the table is backed off. */
export function closeReaction(code: number): CloseReaction {
  const listed = (["soon", "login", "never"] as const).find((reaction) => reactions[reaction].includes(code));
  return listed ?? "backoff";
}
