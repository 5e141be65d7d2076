import { expect, it } from "vitest";
import { collect, collectHeader, notEmpty, parseHex, wholeNumber } from "./option-values.js";

it("takes whole numbers within the limits", () => {
  const parse = wholeNumber(1, 65_535);
  expect(parse("1")).toBe(1);
  expect(parse("65535")).toBe(65_535);
});

it.each(["0", "65536", "", "-1", "1.5", "1e3", "0x10", "many", " 1", "99999999999"])(
  "refuses %j as a number",
  (text) => {
    expect(() => wholeNumber(1, 65_535)(text)).toThrow("Expected a whole number from 1 to 65535.");
  },
);

it("refuses an empty text, and takes any other", () => {
  expect(() => notEmpty("")).toThrow("Expected a text that is not empty.");
  expect(notEmpty(".")).toBe(".");
});

it("collects what is given more than once", () => {
  expect(collect("b", collect("a", undefined))).toEqual(["a", "b"]);
});

it("splits a header at its first colon", () => {
  expect(collectHeader("X-Time:  12:30 ", { A: "1" })).toEqual({ A: "1", "X-Time": "12:30" });
});

it.each(["no colon", ": no name", "bad name: x"])("refuses %j as a header", (text) => {
  expect(() => collectHeader(text, undefined)).toThrow("Expected a name, a colon and a value");
});

it("reads hexadecimal digits with and without spaces", () => {
  expect(parseHex("48 65 6C")).toEqual(Uint8Array.of(0x48, 0x65, 0x6c));
  expect(parseHex("00ff")).toEqual(Uint8Array.of(0, 255));
  expect(parseHex("")).toEqual(new Uint8Array(0));
});

it.each(["4", "zz", "0x00"])("refuses %j as hexadecimal digits", (text) => {
  expect(parseHex(text)).toBeUndefined();
});
