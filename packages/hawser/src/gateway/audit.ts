import type { AuditRecord } from "./gateway-types.js";
import { quietResult } from "./thenable.js";

const HIDDEN = "[redacted]";
/** As deep as a request may be. */
const MAX_DEPTH = 32;

/** Actions whose data are credentials. */
const loginActions: ReadonlySet<string | undefined> = new Set(["login", "refresh"]);

/** Writes the audit log. What it is given is copied, with secrets left out. */
export class Audit {
  readonly #write: (record: AuditRecord) => void;
  readonly #secrets: readonly string[];

  /** `secrets`: lower-case; a key that contains one of them is a secret's. */
  constructor(write: (record: AuditRecord) => void, secrets: readonly string[]) {
    this.#write = write;
    this.#secrets = secrets;
  }

  /** An audit that throws, or rejects, harms nobody. */
  note(record: AuditRecord): void {
    try {
      const { data, ...rest } = record;
      quietResult(this.#write(data === undefined ? rest : { ...rest, data: this.#shown(data, record.action) }));
    } catch {
      // the application's log is the application's business
    }
  }

  /** Of credentials, what is no object with names for its parts is a secret as a whole. */
  #shown(data: unknown, action: string | undefined): unknown {
    const isNamed = typeof data === "object" && data !== null && !Array.isArray(data);
    return loginActions.has(action) && !isNamed ? HIDDEN : this.#redact(data, 0);
  }

  #redact(value: unknown, depth: number): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (depth >= MAX_DEPTH) return "[too deep]";
    if (Array.isArray(value)) return value.map((item: unknown) => this.#redact(item, depth + 1));
    // shown as it would be sent
    if ("toJSON" in value && typeof value.toJSON === "function") return this.#redact(value.toJSON(), depth + 1);
    const entries = Object.entries(value).map(([key, item]): [string, unknown] => [
      key,
      this.#isSecret(key) ? HIDDEN : this.#redact(item, depth + 1),
    ]);
    // defines its keys, so that `__proto__` stays one
    return Object.fromEntries(entries);
  }

  #isSecret(key: string): boolean {
    const name = key.toLowerCase();
    return this.#secrets.some((secret) => name.includes(secret));
  }
}
