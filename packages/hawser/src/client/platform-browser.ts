import type { Clock, ScheduledCall } from "../internal/clock.js";
import type { ClientPlatform } from "./platform.js";

/** What timers can hold; a longer delay would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The time of the page or process. */
export const clientClock: Clock = {
  now: () => performance.now(),
  schedule: (callback, delayMs) => {
    const dueMs = performance.now() + delayMs;
    let timer: ReturnType<typeof setTimeout>;
    const arm = (leftMs: number): void => {
      timer = setTimeout(fire, Math.min(Math.ceil(leftMs), MAX_DELAY_MS));
    };
    // timers count whole milliseconds, and may come a part of one too early
    const fire = (): void => {
      const leftMs = dueMs - performance.now();
      if (leftMs > 0) arm(leftMs);
      else callback();
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(timer) } satisfies ScheduledCall;
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
    const onOnline = (): void => listener(true);
    const onOffline = (): void => listener(false);
    addEventListener("online", onOnline);
    addEventListener("offline", onOffline);
    return () => {
      removeEventListener("online", onOnline);
      removeEventListener("offline", onOffline);
    };
  },
};
