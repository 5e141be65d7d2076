import { ConnectionError } from "../internal/errors.js";
import { CLOSE_TRY_AGAIN_LATER } from "../protocol/index.js";
import type { CloseFrame } from "./socket-types.js";

/** Seconds after which a client may come back: the first, and over how many they are spread. */
const RETRY_AFTER_S = 5;
const SPREAD_S = 16;

export interface Shedding {
  readonly error: ConnectionError;
  readonly frame: CloseFrame;
}

/**
 * What is said about a connection that is closed because memory ran short. Clients that are sent away together are not to
 * come back together: `random` is a number of 32 bits.
 */
export function createShedding(heldBytes: number, limit: number, random: number): Shedding {
  const message = `memory ran short: of ${limit} bytes for connections this one held ${heldBytes}`;
  const retryAfter = RETRY_AFTER_S + (random % SPREAD_S);
  return {
    error: new ConnectionError("MEMORY_SHORT", message, { facts: { heldBytes, limit } }),
    frame: { code: CLOSE_TRY_AGAIN_LATER, reason: JSON.stringify({ retryAfter }) },
  };
}
