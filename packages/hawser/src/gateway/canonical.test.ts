import fc from "fast-check";
import { expect, it } from "vitest";
import { fingerprint } from "./canonical.js";

it("is the same whatever the order of keys, and another for other values", () => {
  expect(fingerprint({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(fingerprint({ b: [{ d: 3, c: 2 }], a: 1 }));
  expect(fingerprint([1, 2])).not.toBe(fingerprint([2, 1]));
  expect(fingerprint("1")).not.toBe(fingerprint(1));
  expect(fingerprint({})).not.toBe(fingerprint([]));
  expect(fingerprint(undefined)).not.toBe(fingerprint(null));
});

it("tells apart what differs in one place, however long it is", () => {
  const long = "x".repeat(5000);
  const prints = Array.from({ length: 200 }, (_, at) => fingerprint(`${long.slice(0, at)}y${long.slice(at + 1)}`));
  expect(new Set(prints).size).toBe(200);
  expect(prints.every((print) => print.length <= 64)).toBe(true);
});

it("is equal exactly where JSON with sorted keys is", () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(value, value, (one, other) => {
      expect(fingerprint(one) === fingerprint(other)).toBe(sorted(one) === sorted(other));
      expect(fingerprint(one)).toBe(fingerprint(JSON.parse(JSON.stringify(one))));
    }),
  );
});

function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
