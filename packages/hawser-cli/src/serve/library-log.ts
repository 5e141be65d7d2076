import type { Logger as LibraryLogger } from "hawser/server";
import type { Logger } from "pino";
import { stripControls } from "../plain-text.js";

/** The program's options behind the library's settings that a refusal names. */
const options: Readonly<Record<string, string>> = {
  "origin-not-allowed": "--origin",
  "host-not-allowed": "--allowed-host",
};

/**
 * The library's log, for an operator: a refused handshake is of interest, and what would have allowed it is an option of
 * this program. How connections open and close the services tell themselves, so that much is left out.
 */
export function createLibraryLog(log: Logger): LibraryLogger {
  return {
    debug(fields, message) {
      const level = isRefusal(fields) ? "info" : "debug";
      if ("initiator" in fields) return;
      log[level](fields, message);
    },
    info: (fields, message) => log.info(fields, message),
    warn(fields, message) {
      const rule = "rule" in fields ? String(fields.rule) : "";
      const option = options[rule];
      const value = "value" in fields ? stripControls(String(fields.value)) : "";
      if (option === undefined) log.warn(fields, message);
      else log.warn({ rule, value }, `to let "${value}" connect, start with ${option} "${value}"`);
    },
    error: (fields, message) => log.error(fields, message),
  };
}

/** An answer was given, other than 101. */
function isRefusal(fields: object): boolean {
  return "rule" in fields && "status" in fields && typeof fields.status === "number";
}
