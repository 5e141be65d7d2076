import { expect, it } from "vitest";
import { Matching } from "../../src/trading/matching.js";
import type { Quote } from "../../src/trading/quotes.js";
import type { Deal, Order, TradingStore } from "../../src/trading/store.js";

const market = { login: 1, pid: "p", symbol: "LLG", side: "buy", volume: "1", limit: null, placedAtMs: 0 } as const;
const open = { price: null, filledAtMs: null } as const;
const limited = (id: number, side: "buy" | "sell", limit: string): Order => ({ ...market, ...open, id, side, limit });

const quote = (price: string, tick = 1): Quote[] => [{ symbol: "LLG", tick, timeMs: tick * 1000, price }];

/** A matching over a store that keeps deals, and fails when it is told to. */
function createMatching(stored: readonly Order[] = []) {
  const deals = new Map<number, string>();
  const told: Deal[] = [];
  const errors: unknown[] = [];
  const state = { failures: 0 };
  const store: Pick<TradingStore, "listOpenOrders" | "addDeal"> = {
    listOpenOrders: () => Promise.resolve([...stored]),
    addDeal(id, price) {
      if (state.failures > 0) return Promise.reject(new Error(`failure ${state.failures--}`));
      const isNew = !deals.has(id);
      if (isNew) deals.set(id, price);
      return Promise.resolve(isNew);
    },
  };
  const matching = new Matching({
    store: store as TradingStore, // it uses these two
    onDeal: (deal) => Promise.resolve(void told.push(deal)),
    onError: (error) => errors.push(error),
  });
  return { matching, deals, told, errors, state };
}

it("fills an order without a limit at the next quote of its symbol", async () => {
  const { matching, told } = createMatching();
  matching.add({ ...market, ...open, id: 1 });
  matching.add({ ...market, ...open, id: 2, symbol: "LLS" });
  matching.onQuotes(quote("1989.1", 7));
  await matching.idle();
  expect(told).toEqual([{ ...market, id: 1, price: "1989.1", filledAtMs: 7000 }]);
});

it("fills a limit at a price that is as good or better, compared as decimals", async () => {
  const { matching, deals } = createMatching();
  for (const order of [
    limited(1, "buy", "999.9"),
    limited(2, "buy", "1000.00"),
    limited(3, "sell", "1000"),
    limited(4, "sell", "1000.1"),
  ]) {
    matching.add(order);
  }
  matching.onQuotes(quote("1000.0"));
  await matching.idle();
  expect([...deals]).toEqual([
    [2, "1000.0"],
    [3, "1000.0"],
  ]);
  matching.onQuotes(quote("999.9"));
  await matching.idle();
  expect([...deals.keys()]).toEqual([2, 3, 1]);
});

it("takes up what waits in the store, and fills each order once", async () => {
  const waiting = { ...market, ...open, id: 5 };
  const { matching, deals, told } = createMatching([waiting]);
  await matching.start();
  matching.add(waiting);
  matching.add({ ...waiting, id: 6, price: "1", filledAtMs: 1 });
  matching.onQuotes(quote("1.0"));
  await matching.idle();
  matching.onQuotes(quote("2.0"));
  await matching.idle();
  expect([...deals]).toEqual([[5, "1.0"]]);
  expect(told).toHaveLength(1);
});

it("tells of no deal that another process has stored", async () => {
  const { matching, deals, told } = createMatching();
  deals.set(1, "0.5");
  matching.add({ ...market, ...open, id: 1 });
  matching.onQuotes(quote("1.0"));
  await matching.idle();
  expect([...deals]).toEqual([[1, "0.5"]]);
  expect(told).toEqual([]);
});

it("tries again with the next quote when the database fails", async () => {
  const { matching, deals, errors, state } = createMatching();
  matching.add({ ...market, ...open, id: 1 });
  state.failures = 1;
  matching.onQuotes(quote("1.0"));
  await matching.idle();
  expect(errors).toEqual([new Error("failure 1")]);
  matching.onQuotes(quote("2.0"));
  await matching.idle();
  expect([...deals]).toEqual([[1, "2.0"]]);
});
