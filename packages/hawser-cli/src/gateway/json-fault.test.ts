import fc from "fast-check";
import { expect, it } from "vitest";
import { findJsonFault } from "./json-fault.js";

it.each([
  ["", 0],
  ["{", 1],
  ['{"a"', 4],
  ['{"a":}', 5],
  ['{"a":1,}', 7],
  ["[1,]", 3],
  ["[1 2]", 3],
  ['{"a":1}x', 7],
  ["{a:1}", 1],
  ["'a'", 0],
  ['"a', 0],
  ['"\\x"', 0],
  ["01", 1],
  ["tru", 0],
  ["[9007199254740993]", 1],
  ["-9007199254740993", 0],
  ["[".repeat(300), 201],
])("finds the fault of %s at %i", (text, position) => {
  expect(findJsonFault(text)?.position).toBe(position);
});

it.each(["9007199254740991", "1e300", "0.1", '" \\" \\\\ \\u0041 "', " [ ] ", '{"a" : [ true , null ] }'])(
  "takes %s",
  (text) => {
    expect(findJsonFault(text)).toBe(null);
  },
);

it("takes whatever JSON.stringify writes", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.integer({ min: 0, max: 3 }), (value, indent) => {
      expect(
        findJsonFault(
          JSON.stringify(
            value,
            (_key, one: unknown) => (typeof one === "number" && !Number.isSafeInteger(one) ? one % 1 : one),
            indent,
          ),
        ),
      ).toBe(null);
    }),
  );
});

it("refuses whatever JSON.parse refuses, and nothing else but what would be rounded", () => {
  const text = fc.string({ unit: fc.constantFrom(...'{}[]",:\\ 1-.e0truefalsn\n'.split("")) });
  fc.assert(
    fc.property(text, (given) => {
      let isJson = true;
      try {
        JSON.parse(given);
      } catch {
        isJson = false;
      }
      const fault = findJsonFault(given);
      const isRounded = fault?.expected.startsWith("a whole number") ?? false;
      expect(fault === null || isRounded).toBe(isJson || isRounded);
    }),
    { numRuns: 3000 },
  );
});
