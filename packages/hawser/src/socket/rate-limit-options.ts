import { UsageError } from "../internal/errors.js";
import { checkOptionNames } from "../internal/option-names.js";

/** How fast a peer may send messages. What comes faster waits in the network; one that keeps at it is closed with 4029. */
export interface RateLimitOptions {
  /** Messages in a second, in the long run. */
  readonly messagesPerSecond: number;
  /** Messages at once. @default twice messagesPerSecond */
  readonly burst?: number;
  /** Bytes of messages in a second, inflated; as many at once. @default Infinity */
  readonly bytesPerSecond?: number;
  /** A flood that has gone on for so long is closed with 4029. Infinity: it is only slowed down. @default 10000 */
  readonly closeAfterMs?: number;
}

export type ResolvedRateLimit = Required<RateLimitOptions>;

/** The burst is a factor of messagesPerSecond. */
export interface RateLimitDefaults {
  readonly burstFactor: number;
  readonly bytesPerSecond: number;
  readonly closeAfterMs: number;
}

export const rateLimitDefaults: RateLimitDefaults = {
  burstFactor: 2,
  bytesPerSecond: Infinity,
  closeAfterMs: 10_000,
};

const names = [
  "messagesPerSecond",
  "burst",
  "bytesPerSecond",
  "closeAfterMs",
] as const satisfies readonly (keyof RateLimitOptions)[];

/** Checks a number as all limits are checked. @throws UsageError INVALID_ARGUMENT */
export type CheckLimit = (name: string, value: unknown) => number;

/** @throws UsageError INVALID_ARGUMENT, naming the field, its value and what was expected */
export function resolveRateLimit(options: RateLimitOptions | false, checkLimit: CheckLimit): ResolvedRateLimit | null {
  if (options === false) return null;
  if (typeof options !== "object" || options === null) {
    throw new UsageError("INVALID_ARGUMENT", `rateLimit is of type ${typeof options}: expected an object, or false`, {
      facts: { name: "rateLimit", value: typeof options },
    });
  }
  checkOptionNames("rateLimit", options, names);
  const messagesPerSecond = checkLimit("rateLimit.messagesPerSecond", options.messagesPerSecond);
  const { bytesPerSecond, closeAfterMs } = rateLimitDefaults;
  return Object.freeze({
    messagesPerSecond,
    burst: checkLimit("rateLimit.burst", options.burst ?? defaultBurst(messagesPerSecond)),
    bytesPerSecond: checkLimit("rateLimit.bytesPerSecond", options.bytesPerSecond ?? bytesPerSecond),
    closeAfterMs: checkLimit("rateLimit.closeAfterMs", options.closeAfterMs ?? closeAfterMs),
  });
}

function defaultBurst(messagesPerSecond: number): number {
  const burst = rateLimitDefaults.burstFactor * messagesPerSecond;
  return burst === Infinity ? Infinity : Math.min(burst, 2 ** 31 - 1);
}
