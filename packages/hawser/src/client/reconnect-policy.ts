import { closeReaction } from "../messages/index.js";
import type { CloseReaction } from "../messages/index.js";
import type { ReconnectOptions } from "./client-types.js";
import type { ConnectionEnd } from "./connector.js";
import { readHint } from "./retry-after.js";

// When to come back, or not: pure, so that a test can run it a hundred thousand times.

/** "Soon" and "login": a random time up to this. */
const SOON_MS = 1000;

/** What is remembered from one end to the next. */
export interface ReturnMemory {
  /** Attempts in a row without a stable connection. */
  readonly failures: number;
  /** How often the bound was doubled. */
  readonly doublings: number;
  /** Ends in a row that asked for another login. */
  readonly logins: number;
}

export const freshMemory: ReturnMemory = { failures: 0, doublings: 0, logins: 0 };

/** What is known of a connection that is over. */
export interface EndFacts {
  readonly end: ConnectionEnd;
  /** How long it was open and logged in; 0: never. */
  readonly openMs: number;
  /** Whether there is a login that could be sent again. */
  readonly canLogin: boolean;
  /** What the client has found out itself; it goes before the code. */
  readonly verdict?: CloseReaction | undefined;
  /** What the server asked for in another place than the end. */
  readonly retryAfterMs?: number | undefined;
}

export interface ReturnPlan {
  readonly reaction: CloseReaction;
  /** undefined: never. */
  readonly retryInMs: number | undefined;
  /** Whether the server has asked for the wait. */
  readonly isHinted: boolean;
  readonly memory: ReturnMemory;
}

/** `random`: from 0 to 1. */
export function planReturn(
  memory: ReturnMemory,
  facts: EndFacts,
  options: Required<ReconnectOptions> | false,
  random: () => number,
): ReturnPlan {
  const { end, verdict } = facts;
  const never: ReturnPlan = { reaction: "never", retryInMs: undefined, isHinted: false, memory: freshMemory };
  if (options === false) return never;
  const isStable = facts.openMs >= options.stableMs;
  const { failures, doublings, logins } = isStable ? freshMemory : { ...memory, failures: memory.failures + 1 };
  const reaction = verdict ?? options.codes[end.code] ?? closeReaction(end.code);
  // one more login may help, a second one in a row does not
  const isLoginInVain = reaction === "login" && (logins > 0 || !facts.canLogin);
  if (reaction === "never" || isLoginInVain || failures >= options.maxAttempts) return never;

  // a server that sends everybody away again and again is backed off, whatever it says
  const isSoon = reaction !== "backoff" && failures <= 1 && doublings === 0;
  const hintMs = Math.max(...[facts.retryAfterMs, end.retryAfterMs, readReason(end.reason)].map(readHint));
  const { mode, initialDelayMs, maxDelayMs } = options;
  const boundMs = isSoon ? SOON_MS : Math.min(maxDelayMs, initialDelayMs * 2 ** doublings);
  return {
    reaction,
    // a hint is the same for all clients: only what is added to it spreads them
    retryInMs: mode === "fixed" ? Math.max(initialDelayMs, hintMs) : hintMs + random() * boundMs,
    isHinted: hintMs > 0,
    memory: {
      failures,
      doublings: boundMs < maxDelayMs && !isSoon ? doublings + 1 : doublings,
      logins: reaction === "login" ? logins + 1 : logins,
    },
  };
}

/** How soon to come when the network is there again. */
export function soonMs(random: () => number): number {
  return random() * SOON_MS;
}

/** `{"retryAfterMs":5000}` */
function readReason(reason: string): unknown {
  try {
    return (JSON.parse(reason) as { retryAfterMs?: unknown } | null)?.retryAfterMs; // any JSON but null has fields
  } catch {
    return undefined;
  }
}
