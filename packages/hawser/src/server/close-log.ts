import { toPlainLine } from "../internal/plain-text.js";
import { closeFields, describeClose } from "../socket/index.js";
import type { CloseReport, Runtime, Socket } from "../socket/index.js";
import { cutQuery } from "./handshake-check.js";
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

  constructor(log: Logger, runtime: Pick<Runtime, "clock" | "wheel">) {
    this.#log = log;
    this.#budget = new LogBudget(runtime, (suppressed) =>
      log.info({ suppressed }, `connections closed uncleanly: ${suppressed} more, not logged one by one`),
    );
  }

  note(socket: Socket, report: CloseReport): void {
    // most servers log nothing: they pay nothing for it
    if (this.#log === silent) return;
    const { error } = report;
    const isFailure = error?.code === "HANDLER_FAILED";
    if (report.clean && error === null)
      this.#log.debug(describeFields(socket, report), describeClose(report, "client"));
    else if (!this.#budget.take()) return;
    else if (!isFailure) this.#log.info(describeFields(socket, report), describeClose(report, "client"));
    else
      this.#log.error(
        { ...describeFields(socket, report), err: error.cause ?? error },
        describeClose(report, "client"),
      );
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

function describeFields(socket: Socket, report: CloseReport): object {
  return { ...describeSocket(socket), ...closeFields(report) };
}

/** Whose connection it is: the path as it was asked for, without its query, which may hold secrets. */
function describeSocket({ id, url, remoteAddress }: Socket): object {
  return { socket: id, path: toPlainLine(cutQuery(url), MAX_PATH_LENGTH), remoteAddress };
}
