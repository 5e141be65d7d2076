import type { Runtime } from "../../socket/index.js";
import type { RefusedHandshake } from "../handshake/handshake-check.js";

/** The limit that a sound handshake met. */
export type LimitRule = "address-limit" | "connection-limit" | "memory-limit" | "opening-rate";

interface LimitAnswer {
  readonly status: 429 | 503;
  readonly body: string;
  /** Seconds after which the client may come again: the first, and over how many more the clients are spread. */
  readonly afterS: number;
  readonly spreadS: number;
}

/** Rates clear within seconds; places become free when somebody leaves, which takes longer. */
const answers: Readonly<Record<LimitRule, LimitAnswer>> = {
  "address-limit": { status: 429, body: "too many connections from this address", afterS: 10, spreadS: 20 },
  "connection-limit": { status: 503, body: "the server has as many connections as it may", afterS: 5, spreadS: 15 },
  "memory-limit": { status: 503, body: "the server has no memory for more connections", afterS: 5, spreadS: 15 },
  "opening-rate": { status: 503, body: "too many connections are opened at once", afterS: 1, spreadS: 4 },
};

/** The answer to a handshake for which there is no room. Clients that are refused together are not told to come together. */
export function createLimitRefusal(rule: LimitRule, runtime: Runtime): RefusedHandshake {
  const { status, body, afterS, spreadS } = answers[rule];
  const seconds = afterS + Math.floor((runtime.masks.next() / 2 ** 32) * (spreadS + 1));
  return { kind: "refused", answer: { status, headers: { "Retry-After": String(seconds) }, body }, rule };
}
