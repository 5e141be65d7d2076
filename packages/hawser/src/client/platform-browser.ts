import type { Clock } from "../internal/clock.js";
import type { ClientPlatform } from "./platform.js";

/** What timers can hold, almost 25 days; a longer delay would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The time of the page or process. */
export const clientClock: Clock = {
  now: () => performance.now(),
  schedule: (callback, delayMs) => {
    const timer = setTimeout(callback, Math.min(delayMs, MAX_DELAY_MS));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** An error that nobody handles: lost in silence it would never be found. */
export function reportToConsole(error: unknown): void {
  // oxlint-disable-next-line no-console -- there is no other place for it
  console.error(error);
}

/** Whatever has the web's `crypto`, timers and, where there is one, the events of the network: pages, workers, other runtimes. */
export const browserPlatform: ClientPlatform = {
  clock: clientClock,
  report: reportToConsole,
  random: (target) => void crypto.getRandomValues(target as Uint8Array<ArrayBuffer>), // never shared memory
  watchNetwork: (listener) => {
    if (typeof addEventListener !== "function") return () => {};
    const tell = ({ type }: Event): void => listener(type === "online");
    addEventListener("online", tell);
    addEventListener("offline", tell);
    return () => {
      removeEventListener("online", tell);
      removeEventListener("offline", tell);
    };
  },
};
