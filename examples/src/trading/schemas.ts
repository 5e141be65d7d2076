// What the actions take, as Standard Schemas. A library such as Zod makes them as well; these few lines are enough for records of strings.
import { parseDecimal } from "./decimal.js";
import { symbols } from "./quotes.js";

interface Field<Value> {
  /** Follows "expected". */
  readonly expected: string;
  /** undefined: it is not that. */
  readonly read: (value: unknown) => Value | undefined;
  /** What an absent field, or null, is read as; without it the field has to be there. */
  readonly absent?: { readonly value: Value };
}

type ValuesOf<Fields> = { readonly [Name in keyof Fields]: Fields[Name] extends Field<infer Value> ? Value : never };

interface Issue {
  readonly message: string;
  readonly path: readonly string[];
}

interface RecordSchema<Value> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "hawser-examples";
    readonly validate: (
      value: unknown,
    ) => { readonly value: Value; readonly issues?: undefined } | { readonly issues: readonly Issue[] };
    readonly types?: { readonly input: unknown; readonly output: Value };
  };
}

/** A record of these fields. `Login` is read as `login`, as .NET's serializers write it; fields of other names are ignored. */
function record<Fields extends Readonly<Record<string, Field<unknown>>>>(
  fields: Fields,
): RecordSchema<ValuesOf<Fields>> {
  return { "~standard": { version: 1, vendor: "hawser-examples", validate } };

  function validate(data: unknown): { readonly value: ValuesOf<Fields> } | { readonly issues: readonly Issue[] } {
    if (typeof data !== "object" || data === null || Array.isArray(data)) {
      return { issues: [{ message: "expected an object", path: [] }] };
    }
    const given = new Map<string, unknown>(Object.entries(data));
    const issues: Issue[] = [];
    const values = new Map<string, unknown>();
    for (const [name, { expected, read, absent }] of Object.entries(fields)) {
      const value = given.get(name) ?? given.get(name.charAt(0).toUpperCase() + name.slice(1)) ?? undefined;
      const known = value === undefined ? absent?.value : read(value);
      if (known !== undefined || (value === undefined && absent !== undefined)) values.set(name, known);
      else issues.push({ message: `expected ${expected}`, path: [name] });
    }
    if (issues.length > 0) return { issues };
    return { value: Object.fromEntries(values) as ValuesOf<Fields> }; // every field was read by its own function
  }
}

/** The same, and it may be left out. */
function optional<Value, Absent>(field: Field<Value>, absent: Absent): Field<Value | Absent> {
  return { ...field, absent: { value: absent } };
}

function text(maxLength: number): Field<string> {
  return {
    expected: `a string of 1 to ${maxLength} characters`,
    read: (value) => (typeof value === "string" && value.length > 0 && value.length <= maxLength ? value : undefined),
  };
}

/** Not a number: JSON's are rounded. */
const decimal: Field<string> = {
  expected: 'a decimal above 0 as a string of at most 12 digits and 8 after the point, such as "100.0"',
  read: (value) => (typeof value === "string" && (parseDecimal(value) ?? 0n) > 0n ? value : undefined),
};

const symbol: Field<string> = {
  expected: `one of ${symbols.join(", ")}`,
  read: (value) => symbols.find((known) => known === value),
};

const side: Field<"buy" | "sell"> = {
  expected: "buy or sell",
  read: (value) => (value === "buy" || value === "sell" ? value : undefined),
};

/** A whole number, or its digits: the original clients have numbers of 64 bits. */
const number: Field<number> = {
  expected: "a whole number, as a number or in digits",
  read(value) {
    const read = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
    return typeof read === "number" && Number.isSafeInteger(read) && read >= 0 ? read : undefined;
  },
};

export const loginSchema = record({ username: text(64), password: text(256), type: optional(number, 1) });
export const orderSchema = record({ symbol, side, volume: decimal, price: optional(decimal, null) });
export const orderIdSchema = record({ order_id: number });
export const dealsSchema = record({ login: optional(number, undefined), symbol: optional(symbol, undefined) });
export const symbolSchema = record({ symbol });
