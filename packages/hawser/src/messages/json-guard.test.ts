import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findJsonFault, MAX_KEYS } from "./json-guard.js";

const find = (text: string): string | undefined => findJsonFault(text, MAX_KEYS);

describe("depth", () => {
  it.each([
    ["arrays", "[".repeat(32) + "]".repeat(32)],
    ["objects", '{"a":'.repeat(32) + "1" + "}".repeat(32)],
    ["many beside each other", `[${Array.from({ length: 500 }, () => "[[]]").join(",")}]`],
    ["brackets in strings", JSON.stringify("[{".repeat(100))],
    ["brackets behind escaped quotes", JSON.stringify('\\"' + "[{".repeat(100))],
  ])("takes %s", (_name, text) => {
    expect(find(text)).toBeUndefined();
  });

  it.each([
    ["arrays", "[".repeat(33) + "]".repeat(33)],
    ["objects", '{"a":'.repeat(33) + "1" + "}".repeat(33)],
    ["both", '[{"a":'.repeat(16) + "[]" + "}]".repeat(16)],
  ])("REL-D10 refuses 33 levels of %s", (_name, text) => {
    expect(find(text)).toBe("more than 32 levels of objects and arrays");
  });
});

describe("keys", () => {
  const object = (keys: number): string =>
    JSON.stringify(Object.fromEntries(Array.from({ length: keys }, (_, index) => [`k${index}`, index])));

  it("takes 1,000, wherever they are", () => {
    expect(find(object(1000))).toBeUndefined();
    expect(find(`[${object(400)},${object(600)}]`)).toBeUndefined();
  });

  it("REL-D11 refuses 1,001, also when they are all the same", () => {
    expect(find(object(1001))).toBe("more than 1000 keys");
    expect(find(`[${object(400)},${object(601)}]`)).toBe("more than 1000 keys");
    expect(find(`{${Array.from({ length: 1001 }, () => '"a":1').join(",")}}`)).toBe("more than 1000 keys");
  });

  it("counts no colons of strings", () => {
    expect(find(JSON.stringify(":".repeat(5000)))).toBeUndefined();
  });
});

describe("whole numbers", () => {
  it.each([
    "9007199254740991",
    "-9007199254740991",
    "9007199254740991.0",
    "1e300",
    "0.12345678901234567890",
    '"9007199254740993"',
  ])("takes %s", (text) => {
    expect(find(`{"data":${text}}`)).toBeUndefined();
  });

  it.each(["9007199254740992", "9007199254740993", "-9007199254740993", "12345678901234567890", "9007199254740993.0"])(
    "refuses %s, which would be rounded",
    (text) => {
      expect(find(`{"data":${text}}`)).toBe("a whole number beyond 2^53 - 1: send it as a string");
    },
  );

  it("finds one behind strings with escapes", () => {
    expect(find(String.raw`["\\","\"",12345678901234567890]`)).toBeDefined();
  });
});

it.each(["", '"', '"\\', '{"a', "[1", "nul", '{"a":"\\"'])("passes what is not JSON to the parser: %s", (text) => {
  expect(find(text)).toBeUndefined();
});

it("agrees with a walk over the parsed value, whatever the value", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      const value: unknown = JSON.parse(text);
      const isSound = depthOf(value) <= 32 && !hasUnsafe(value);
      // a number in another notation than a whole one may have any value
      fc.pre(!/\d[eE]/.test(text));
      expect(findJsonFault(text, Infinity) === undefined).toBe(isSound);
    }),
  );
});

it("counts exactly the keys that there are", () => {
  fc.assert(
    fc.property(fc.object({ maxDepth: 4 }), (value) => {
      const text = JSON.stringify(value);
      const keys = countKeys(JSON.parse(text));
      expect(findJsonFault(text, keys) ?? "").not.toMatch(/keys/);
      fc.pre(keys > 0);
      expect(findJsonFault(text, keys - 1) ?? "").toMatch(/keys|whole number/);
    }),
  );
});

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, item) => sum + countKeys(item), own);
}

function hasUnsafe(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnsafe);
}
