import type { Logger } from "pino";

/** As many as the library logs of refusals: strangers who come and go must not fill the disk. */
const MAX_PER_SECOND = 20;

/** Logs an event that strangers can bring about. */
export type News = (level: "info" | "warn", fields: object, message: string) => void;

/** Makes what logs so many events a second, and the others of that second at debug. `now` is in milliseconds. */
export function createNews(log: Logger, now: () => number): News {
  let second = -1;
  let count = 0;
  return (level, fields, message) => {
    const current = Math.floor(now() / 1000);
    if (current !== second) count = 0;
    second = current;
    count += 1;
    log[count > MAX_PER_SECOND ? "debug" : level](fields, message);
  };
}
