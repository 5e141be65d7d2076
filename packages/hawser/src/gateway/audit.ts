import type { AuditRecord } from "./gateway-types.js";

const HIDDEN = "[redacted]";
/** As deep as a request may be. */
const MAX_DEPTH = 32;

/** Writes the audit log. What it is given is copied, with secrets left out. */
export class Audit {
  readonly #write: (record: AuditRecord) => void;
  readonly #secrets: readonly string[];

  /** `secrets`: lower-case; a key that contains one of them is a secret's. */
  constructor(write: (record: AuditRecord) => void, secrets: readonly string[]) {
    this.#write = write;
    this.#secrets = secrets;
  }

  /** An audit that throws harms nobody. */
  note(record: AuditRecord): void {
    try {
      const { data, ...rest } = record;
      this.#write(data === undefined ? rest : { ...rest, data: this.#redact(data, 0) });
    } catch {
      // the application's log is the application's business
    }
  }

  /** Credentials: what is no object with names for its parts is a secret as a whole. */
  noteLogin(record: AuditRecord): void {
    const isNamed = typeof record.data === "object" && record.data !== null && !Array.isArray(record.data);
    this.note(record.data === undefined || isNamed ? record : { ...record, data: HIDDEN });
  }

  #redact(value: unknown, depth: number): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (depth >= MAX_DEPTH) return "[too deep]";
    if (Array.isArray(value)) return value.map((item: unknown) => this.#redact(item, depth + 1));
    if ("toJSON" in value) return value;
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
