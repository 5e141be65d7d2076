import { UsageError } from "../internal/errors.js";
import { isChannelName } from "../messages/index.js";

const ANY = "*";

/** The channels a gateway declared, by exact name or by a beginning followed by `*`, with what belongs to each. */
export class ChannelPatterns<Options> {
  readonly #exact: Map<string, Options> = new Map();
  readonly #prefixes: Map<string, Options> = new Map();
  /** The lengths of the prefixes, longest first. */
  #lengths: readonly number[] = [];

  /** @throws UsageError INVALID_ARGUMENT for what is no pattern, or one that was declared already */
  declare(pattern: string, options: Options): void {
    const isPrefix = typeof pattern === "string" && pattern.endsWith(ANY);
    const name = isPrefix ? pattern.slice(0, -ANY.length) : pattern;
    if (!isChannelName(name) && !(isPrefix && name === "")) {
      throw new UsageError(
        "INVALID_ARGUMENT",
        `the channel pattern is ${JSON.stringify(pattern)}: expected 1 to 255 characters of A-Z a-z 0-9 : _ . -, of which the last may be *`,
        { facts: { name: "pattern", value: String(pattern) } },
      );
    }
    const known = isPrefix ? this.#prefixes : this.#exact;
    if (known.has(name)) {
      throw new UsageError("INVALID_ARGUMENT", `the channel pattern ${pattern} was declared already`, {
        facts: { name: "pattern", value: pattern },
      });
    }
    known.set(name, options);
    this.#lengths = [...new Set([...this.#prefixes.keys()].map((prefix) => prefix.length))].toSorted((a, b) => b - a);
  }

  /** What was declared for a name: the exact one, else that with the longest beginning. undefined: nothing. */
  find(name: string): Options | undefined {
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    for (const length of this.#lengths) {
      const found = length > name.length ? undefined : this.#prefixes.get(name.slice(0, length));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
