import { expect, it } from "vitest";
import { instruments, PriceWalk } from "./price-walk.js";

function walk(symbol: string, steps: number): readonly string[] {
  const instrument = instruments.find((known) => known.symbol === symbol);
  if (instrument === undefined) throw new Error(`no ${symbol}`);
  const price = new PriceWalk(instrument);
  return Array.from({ length: steps }, () => {
    price.step();
    return price.price;
  });
}

it("goes the same way at every start, and another one for another symbol", () => {
  expect(walk("LLG", 50)).toEqual(walk("LLG", 50));
  expect(new Set(walk("LLG", 50)).size).toBeGreaterThan(10);
  expect(walk("XAUUSD", 3)).not.toEqual(walk("LLG", 3));
});

it.each(instruments.map(({ symbol }) => symbol))("keeps %s near its beginning, with its digits", (symbol) => {
  const { start, digits } = instruments.find((known) => known.symbol === symbol) ?? { start: 0, digits: 0 };
  const prices = walk(symbol, 20_000);
  for (const price of prices) expect(price).toMatch(new RegExp(`^\\d+\\.\\d{${digits}}$`));
  const begin = start / 10 ** digits;
  expect(Math.min(...prices.map(Number))).toBeGreaterThan(begin * 0.9);
  expect(Math.max(...prices.map(Number))).toBeLessThan(begin * 1.1);
});
