import type { RefusalResponse } from "../protocol/index.js";
import type { Logger } from "./logger.js";

/** Distinct values that are warned of; behind that many they are an attack, and go the way of all other refusals. */
const MAX_WARNED = 100;

/** Characters of a path that are logged. */
const MAX_PATH_LENGTH = 200;

export interface NotedRefusal {
  readonly answer: RefusalResponse;
  readonly rule: string;
  readonly unlisted?: { readonly option: "hosts" | "origins"; readonly value: string };
}

/**
 * Logs refusals: all of them for debugging, and once for each value a warning where an option would have changed the
 * answer. That is the one refusal that a developer meets by an honest mistake.
 */
export class RefusalLog {
  readonly #log: Logger;
  readonly #warned: Set<string> = new Set();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `path` without its query, which may hold secrets. */
  note(refusal: NotedRefusal, from: { readonly path: string; readonly remoteAddress: string | undefined }): void {
    const { rule, unlisted } = refusal;
    const fields = { rule, status: refusal.answer.status, path: cutPath(from.path), remoteAddress: from.remoteAddress };
    this.#log.debug(fields, "connection refused");
    if (unlisted === undefined) return;
    const { option, value } = unlisted;
    const key = `${option} ${value}`;
    if (this.#warned.has(key) || this.#warned.size >= MAX_WARNED) return;
    this.#warned.add(key);
    const shown = JSON.stringify(value);
    this.#log.warn(
      { ...fields, value },
      `${rule}: ${shown} was refused; to allow it, add ${shown} to the option ${option}`,
    );
  }
}

/** What a stranger sent is logged in part: the log is not theirs to fill. */
function cutPath(path: string): string {
  return path.length <= MAX_PATH_LENGTH ? path : `${path.slice(0, MAX_PATH_LENGTH)}…`;
}
