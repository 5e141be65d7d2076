import { expect, it } from "vitest";
import { compareDecimals, formatDecimal, parseDecimal } from "../../src/trading/decimal.js";
import { quoteAt, quotesUntil, symbols } from "../../src/trading/quotes.js";

const second = { intervalMs: 1000 };

it("gives the same price for the same moment, whoever asks and whenever", () => {
  expect(quoteAt("LLG", 1_790_000_000, second)).toEqual(quoteAt("LLG", 1_790_000_000, second));
  expect(quotesUntil("LLG", 1_790_000_009, { ...second, count: 3 })).toEqual([
    quoteAt("LLG", 1_790_000_007, second),
    quoteAt("LLG", 1_790_000_008, second),
    quoteAt("LLG", 1_790_000_009, second),
  ]);
});

it("moves every price, a little at a time, and stays around where it began", () => {
  for (const symbol of symbols) {
    const prices = quotesUntil(symbol, 1_790_000_000, { ...second, count: 5000 }).map(({ price }) => Number(price));
    const steps = prices.slice(1).map((price, index) => Math.abs(price - (prices[index] ?? 0)) / price);
    expect(Math.max(...steps)).toBeLessThan(0.01);
    expect(new Set(prices).size).toBeGreaterThan(100);
    const [low, high] = [Math.min(...prices), Math.max(...prices)];
    expect(high / low).toBeGreaterThan(1.005);
    expect(high / low).toBeLessThan(1.07);
  }
});

it("knows no price of what is not traded", () => {
  expect(() => quoteAt("constructor", 1, second)).toThrow("no symbol constructor: expected one of LLG, LLS, LPT");
});

it.each([
  ["1989.1", 198_910_000_000n],
  ["0", 0n],
  ["0.00000001", 1n],
  ["999999999999.99999999", 99_999_999_999_999_999_999n],
])("reads the decimal %s exactly", (text, units) => {
  expect(parseDecimal(text)).toBe(units);
});

it.each(["", ".5", "1.", "-1", "+1", "1e3", " 1", "1,5", "0x10", "1.000000001", "1000000000000", "NaN"])(
  "takes %j for no decimal",
  (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  },
);

it("compares decimals by value, not by how they are written", () => {
  expect(compareDecimals("10", "9.99999999")).toBe(1);
  expect(compareDecimals("1989.10", "1989.1")).toBe(0);
  expect(compareDecimals("0.1", "0.2")).toBe(-1);
});

it("writes units of the last digit as a decimal", () => {
  expect([formatDecimal(19_891, 1), formatDecimal(5, 3), formatDecimal(7, 0)]).toEqual(["1989.1", "0.005", "7"]);
});
