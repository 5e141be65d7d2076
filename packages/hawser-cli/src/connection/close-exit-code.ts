import { type ExitCode, exitCodes } from "../exit-codes.js";

/** How a connection ended, as far as the exit code goes. */
export interface ConnectionEnding {
  readonly clean: boolean;
  readonly initiator: "local" | "remote" | "error";
  readonly code: number;
}

/** 0 for an end that both sides can be content with. */
export function chooseCloseExitCode({ clean, initiator, code }: ConnectionEnding): ExitCode {
  if (!clean) return exitCodes.connectionLost;
  if (initiator === "local" || contentCodes.has(code)) return exitCodes.ok;
  return finalCodes.has(code) ? exitCodes.closedForGood : exitCodes.closedWithError;
}

const contentCodes: ReadonlySet<number> = new Set([1000, 1001, 1005]);

/** Codes after which one must not come back by itself: docs/PROTOCOL.md, section 7. A test compares. */
export const finalCodes: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009, 4400, 4403, 4409]);
