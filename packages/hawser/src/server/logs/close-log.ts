import { toPlainLine } from "../../internal/plain-text.js";
import { closeFields, describeClose } from "../../socket/index.js";
import type { CloseReport, Runtime, Socket } from "../../socket/index.js";
import { cutQuery } from "../handshake/handshake-check.js";
import { LogBudget } from "./log-budget.js";
import { silent } from "./logger.js";
import type { Logger } from "./logger.js";

const MAX_PATH_LENGTH = 200;

/**
 * Logs how connections ended, each in one line with its report: a clean close for debugging; an unclean one as news, and
 * one by a handler that failed as an error, so many of both in a second.
 */
export class CloseLog {
  readonly #log: Logger;
  readonly #budget: LogBudget;
  #unclean = 0;
  #shed = 0;

  constructor(log: Logger, runtime: Pick<Runtime, "clock" | "wheel">) {
    this.#log = log;
    this.#budget = new LogBudget(runtime, (suppressed) =>
      log.info({ suppressed }, `connections closed uncleanly: ${suppressed} more, not logged one by one`),
    );
  }

  /** How many connections did not end as they should. */
  get unclean(): number {
    return this.#unclean;
  }

  /** How many were closed because memory ran short. */
  get shed(): number {
    return this.#shed;
  }

  note(socket: Socket, report: CloseReport): void {
    if (!report.clean || report.error !== null) this.#unclean += 1;
    if (report.error?.code === "MEMORY_SHORT") this.#shed += 1;
    // most servers log nothing: they pay nothing for it
    if (this.#log === silent) return;
    const { error } = report;
    const isClean = report.clean && error === null;
    if (!isClean && !this.#budget.take()) return;
    const fields = { ...describeSocket(socket), ...closeFields(report) };
    const line = describeClose(report, "client");
    if (isClean) this.#log.debug(fields, line);
    else if (error?.code === "HANDLER_FAILED") this.#log.error({ ...fields, err: error.cause ?? error }, line);
    else this.#log.info(fields, line);
  }

  /** The service's own fault on a connection. */
  noteFailure(socket: Socket, error: unknown, message: string): void {
    if (this.#budget.take()) this.#log.error({ ...describeSocket(socket), err: error }, message);
  }

  /** Logs now what waits. */
  flush(): void {
    this.#budget.flush();
  }
}

/** Whose connection it is: the path as it was asked for, without its query, which may hold secrets. */
function describeSocket({ id, url, remoteAddress }: Socket): object {
  return { socket: id, path: toPlainLine(cutQuery(url), MAX_PATH_LENGTH), remoteAddress };
}
