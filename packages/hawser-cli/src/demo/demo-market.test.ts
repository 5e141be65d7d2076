import { expect, it } from "vitest";
import { DemoMarket } from "./demo-market.js";

const order = { symbol: "LLG", side: "buy", volume: "1.0" } as const;

it("keeps the last thousand orders and deals", () => {
  const market = new DemoMarket();
  const first = market.addOrder(order);
  for (let index = 0; index < 1000; index += 1) {
    const added = market.addOrder(order);
    if (added !== undefined) market.addDeal(added);
  }
  const extra = market.addDeal({ ...order, order_id: "x" });
  expect(market.order(first?.order_id ?? "")).toBe(undefined);
  expect(market.order("861")).toMatchObject({ order_id: "861", status: "done" });
  const deals = market.deals({ symbol: undefined, limit: 5000 });
  expect(deals).toHaveLength(1000);
  expect(deals.at(-1)).toBe(extra);
});

it("tells the deals of one symbol, and knows no other symbols than its own", () => {
  const market = new DemoMarket();
  market.addDeal({ order_id: "1", symbol: "LLG", volume: "1.0" });
  market.addDeal({ order_id: "2", symbol: "EURUSD", volume: "2.0" });
  expect(market.deals({ symbol: "EURUSD", limit: 10 })).toEqual([
    { external_order_id: "2", external_volume: "2.0", external_price: "1.08420", external_symbol: "EURUSD" },
  ]);
  expect(market.addOrder({ ...order, symbol: "__proto__" })).toBe(undefined);
  expect(market.addDeal({ order_id: "3", symbol: "NONE", volume: "1.0" })).toBe(undefined);
});
