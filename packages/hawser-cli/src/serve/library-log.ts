import type { Logger as LibraryLogger } from "hawser/server";
import type { Logger } from "pino";
import { stripControls } from "../plain-text.js";

/** The program's options behind the library's settings that a refusal names. */
const options: Readonly<Record<string, string>> = {
  "origin-not-allowed": "--origin",
  "host-not-allowed": "--allowed-host",
};

/** The library's log, for an operator: what would have allowed a refused connection is an option of this program. */
export function createLibraryLog(log: Logger): LibraryLogger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn(fields, message) {
      const rule = "rule" in fields ? String(fields.rule) : "";
      const option = options[rule];
      const value = "value" in fields ? stripControls(String(fields.value)) : "";
      if (option === undefined) log.warn(fields, message);
      else log.warn(fields, `connection refused: ${rule}; to let "${value}" connect, start with ${option} "${value}"`);
    },
    error: (fields, message) => log.error(fields, message),
  };
}
