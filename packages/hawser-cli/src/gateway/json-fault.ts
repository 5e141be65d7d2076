/** Where a text is no JSON, or holds a number that would be rounded. */
export interface JsonFault {
  /** In units of the text. */
  readonly position: number;
  readonly expected: string;
}

const MAX_DEPTH = 200;

const wholeString = String.raw`a string that ends, with \ before " and \ and no controls`;

const space = /[ \t\n\r]*/y;
const literal = /true|false|null/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// oxlint-disable-next-line no-control-regex -- controls may not stand in a string
const string = /"(?:[^"\\\u0000-\u001F]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/y;

/**
 * Finds the first fault of a JSON text; null when there is none. What JSON.parse says of the place differs from version to version of
 * Node.js, and is often missing; and it rounds whole numbers beyond 2^53 without a word.
 */
export function findJsonFault(text: string): JsonFault | null {
  return new Scanner(text).scan();
}

class Scanner {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): JsonFault | null {
    const fault = this.#value(0);
    if (fault !== null) return fault;
    return this.#position === this.#text.length ? null : this.#expect("nothing more");
  }

  #value(depth: number): JsonFault | null {
    if (depth > MAX_DEPTH) return this.#expect(`at most ${MAX_DEPTH} levels`);
    this.#take(space);
    const begin = this.#text[this.#position];
    if (begin === "{") return this.#list("}", () => this.#member(depth));
    if (begin === "[") return this.#list("]", () => this.#value(depth + 1));
    if (begin === '"') return this.#take(string) === null ? this.#expect(wholeString) : this.#rest();
    const start = this.#position;
    const digits = this.#take(number);
    if (digits !== null) {
      const isRounded = /^-?\d+$/.test(digits) && !Number.isSafeInteger(Number(digits));
      if (isRounded) return { position: start, expected: `a whole number up to 2^53, or "${digits}" as a string,` };
      return this.#rest();
    }
    return this.#take(literal) === null ? this.#expect("a JSON value") : this.#rest();
  }

  #member(depth: number): JsonFault | null {
    this.#take(space);
    if (this.#take(string) === null) return this.#expect("a name in double quotes");
    this.#take(space);
    if (this.#text[this.#position] !== ":") return this.#expect('":"');
    this.#position += 1;
    return this.#value(depth + 1);
  }

  #list(end: "}" | "]", item: () => JsonFault | null): JsonFault | null {
    this.#position += 1;
    this.#take(space);
    if (this.#text[this.#position] === end) {
      this.#position += 1;
      return this.#rest();
    }
    for (;;) {
      const fault = item();
      if (fault !== null) return fault;
      const next = this.#text[this.#position];
      if (next !== "," && next !== end) return this.#expect(`"," or "${end}"`);
      this.#position += 1;
      if (next === end) return this.#rest();
    }
  }

  #rest(): null {
    this.#take(space);
    return null;
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#position += found.length;
    return found;
  }

  #expect(expected: string): JsonFault {
    return { position: this.#position, expected };
  }
}
