import { expect, it } from "vitest";
import { parseJson } from "./json-argument.js";
import { formatJson } from "./json-output.js";

it("reads JSON", () => {
  expect(parseJson("DATA", ' {"a":[1,"b"]} ')).toEqual({ a: [1, "b"] });
});

it.each([
  ['{"a":1,}', "DATA is not usable as JSON: expected a name in double quotes at line 1, column 8, but there is: }"],
  [
    '{\n  "ä": "x\ny"}',
    'DATA is not usable as JSON: expected a string that ends, with \\ before " and \\ and no controls at line 2, column 8, but there is: "x y"}',
  ],
  ["[1", 'DATA is not usable as JSON: expected "," or "]" at line 1, column 3, but it ends there'],
  [
    '{"id":12345678901234567890}',
    'DATA is not usable as JSON: expected a whole number up to 2^53, or "12345678901234567890" as a string, at line 1, column 7, but there is: 12345678901234567890…',
  ],
])("names the place of what is wrong with %j", (text, message) => {
  expect(() => parseJson("DATA", text)).toThrow(expect.objectContaining({ message, exitCode: 2 }));
});

it("escapes what would steer a terminal, and stays the same JSON", () => {
  const value = { text: "\u001b[2J\u009b31m\u202Eabc\u2028" };
  const line = formatJson(value);
  expect(line).toBe(String.raw`{"text":"\u001b[2J\u009b31m\u202eabc\u2028"}`);
  expect(JSON.parse(line)).toEqual(value);
  expect(formatJson(undefined)).toBe("null");
});
