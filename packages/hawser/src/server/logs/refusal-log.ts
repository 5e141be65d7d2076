import { toPlainLine } from "../../internal/plain-text.js";
import type { RefusalResponse } from "../../protocol/index.js";
import type { Runtime } from "../../socket/index.js";
import { LogBudget } from "./log-budget.js";
import type { Logger } from "./logger.js";
import { Counters } from "../server-stats.js";
import type { TlsFailure } from "../listener/tls-handshakes.js";

/** Distinct values that are warned of; behind that many they are an attack, and go the way of all other refusals. */
const MAX_WARNED = 100;

/** Characters of a path, a host or an origin that are logged. */
const MAX_LENGTH = 200;

export interface NotedRefusal {
  readonly answer: Pick<RefusalResponse, "status">;
  readonly rule: string;
  readonly unlisted?: { readonly option: "hosts" | "origins"; readonly value: string };
}

/** Where a refused request came from; `path` without its query, which may hold secrets. */
export interface RefusalOrigin {
  readonly path: string;
  readonly remoteAddress: string | undefined;
}

/**
 * Logs refusals, each in one line: a warning for the first one of a value that an option would have let in, as that is what
 * a developer meets by an honest mistake; the others as news, so many in a second.
 */
export class RefusalLog {
  readonly #log: Logger;
  readonly #budget: LogBudget;
  readonly #warned: Set<string> = new Set();
  readonly #counters: Counters = new Counters();

  constructor(log: Logger, runtime: Pick<Runtime, "clock" | "wheel">) {
    this.#log = log;
    this.#budget = new LogBudget(runtime, (suppressed) =>
      log.info({ suppressed }, `connections refused: ${suppressed} more, not logged one by one`),
    );
  }

  /** How many there were, by rule. */
  get counts(): Readonly<Record<string, number>> {
    return this.#counters.read();
  }

  note({ answer: { status }, rule, unlisted }: NotedRefusal, from: RefusalOrigin): void {
    this.#counters.add(rule);
    const fields = { rule, status, path: toPlainLine(from.path, MAX_LENGTH), remoteAddress: from.remoteAddress };
    if (unlisted !== undefined && this.#isNew(`${unlisted.option} ${unlisted.value}`)) {
      const value = toPlainLine(unlisted.value, MAX_LENGTH);
      const shown = JSON.stringify(value);
      const advice = `to allow it, add ${shown} to the option ${unlisted.option}`;
      this.#log.warn({ ...fields, value }, `${rule}: ${shown} was refused; ${advice}`);
    } else if (this.#budget.take()) {
      this.#log.info(fields, `connection refused: ${rule}, answered ${status}`);
    }
  }

  /** A request of which not even the path can be read: the parser's `code` says why. */
  noteUnreadable(code: string, status: number | undefined, remoteAddress: string | undefined): void {
    this.#counters.add(code);
    if (!this.#budget.take()) return;
    const fields = { rule: code, status, remoteAddress };
    this.#log.info(fields, `connection refused: ${code}, ${status === undefined ? "cut off" : `answered ${status}`}`);
  }

  /** A connection that never came to a request. */
  noteTls({ code, what, remoteAddress }: TlsFailure): void {
    this.#counters.add("tls");
    if (!this.#budget.take()) return;
    this.#log.info({ rule: "tls", error: code, remoteAddress }, `connection refused: no TLS: ${what}`);
  }

  /** A fault of ours, or of what `admit` does. */
  noteFailure(error: unknown, message: string, { path, remoteAddress }: RefusalOrigin): void {
    this.#counters.add("failure");
    if (!this.#budget.take()) return;
    this.#log.error({ path: toPlainLine(path, MAX_LENGTH), remoteAddress, err: error }, message);
  }

  /** Logs now what waits. */
  flush(): void {
    this.#budget.flush();
  }

  #isNew(value: string): boolean {
    if (this.#warned.has(value) || this.#warned.size >= MAX_WARNED) return false;
    this.#warned.add(value);
    return true;
  }
}
