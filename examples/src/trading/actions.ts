import { ActionError, type Gateway, type UserActionContext } from "hawser/gateway";
import type { Account } from "./accounts.js";
import { compareDecimals } from "./decimal.js";
import type { Matching } from "./matching.js";
import { quotesUntil, type QuoteClock } from "./quotes.js";
import { dealsSchema, orderIdSchema, orderSchema, symbolSchema } from "./schemas.js";
import type { Deal, NewOrder, Order, TradingStore } from "./store.js";
import type { DealPush, HistoricalDeal, OrderAnswer, QuotePoint } from "./wire.js";

const MAX_ORDERS = 50;
const MAX_DEALS = 100;
const CHART_POINTS = 240;

export interface ActionParts {
  readonly store: TradingStore;
  readonly matching: Matching;
  readonly clock: QuoteClock;
}

export function defineActions(gateway: Gateway<Account>, { store, matching, clock }: ActionParts): void {
  // What the gateway stores for a repeated pid is gone with the process. The order's own pid, in the database, is not: a client
  // that was not answered asks again, whenever that is, and gets the order that is there.
  gateway.action("addOrder", { input: orderSchema, idempotent: true }, async (data, { pid, user }) => {
    if (pid === undefined) {
      throw new ActionError("INVALID_DATA", "an order without a pid: nobody could ask for it again");
    }
    const { symbol, side, volume, price: limit } = data;
    const wanted = { login: loginOf(user), pid, symbol, side, volume, limit, placedAtMs: Date.now() };
    const order = await whenAvailable(store.addOrder(wanted));
    if (!isSameOrder(order, wanted)) {
      throw new ActionError("CONFLICT", `this pid is that of another order, ${order.id}`, { temporary: false });
    }
    matching.add(order);
    return describeOrder(order);
  });

  gateway.action("getOrder", { input: orderIdSchema }, async ({ order_id: id }, { user }) => {
    const order = await whenAvailable(store.findOrder(loginOf(user), id));
    if (order === undefined) throw new ActionError("UNKNOWN_ORDER", `you have no order ${id}`);
    return describeOrder(order);
  });

  gateway.action("getOrders", {}, async (_data, { user }) => {
    return (await whenAvailable(store.listOrders(loginOf(user), MAX_ORDERS))).map(describeOrder);
  });

  gateway.action("get_historical_deals", { input: dealsSchema }, async ({ login, symbol }, { user }) => {
    const own = loginOf(user);
    if (login !== undefined && login !== own) throw new ActionError("FORBIDDEN", "these are somebody else's deals");
    const deals = await whenAvailable(store.listDeals({ login: own, symbol, maxDeals: MAX_DEALS }));
    return deals.map((deal): HistoricalDeal => ({ ...describeDeal(deal), side: deal.side, time_ms: deal.filledAtMs }));
  });

  gateway.action("getQuotes", { input: symbolSchema }, ({ symbol }): readonly QuotePoint[] => {
    const tick = Math.floor(Date.now() / clock.intervalMs);
    return quotesUntil(symbol, tick, { ...clock, count: CHART_POINTS });
  });
}

/** A deal in the four strings of the original systems. */
export function describeDeal({ id, volume, price, symbol }: Deal): DealPush {
  return { external_order_id: String(id), external_volume: volume, external_price: price, external_symbol: symbol };
}

function describeOrder(order: Order): OrderAnswer {
  return {
    order_id: String(order.id),
    symbol: order.symbol,
    side: order.side,
    volume: order.volume,
    price: order.limit,
    status: order.price === null ? "open" : "filled",
    placed_at_ms: order.placedAtMs,
    filled_price: order.price,
    filled_at_ms: order.filledAtMs,
  };
}

function loginOf(user: UserActionContext<Account>["user"]): number {
  if (user.data === undefined) throw new TypeError(`the user ${user.id} came without his account`);
  return user.data.login;
}

/** The database's trouble is temporary, and whether an order is stored is then unknown: the same pid may ask again. */
async function whenAvailable<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (cause) {
    console.error("the database:", cause);
    throw new ActionError("UNAVAILABLE", "the database cannot be used just now", { cause, retryAfterMs: 1000 });
  }
}

function isSameOrder(order: NewOrder, wanted: NewOrder): boolean {
  return (
    order.symbol === wanted.symbol &&
    order.side === wanted.side &&
    compareDecimals(order.volume, wanted.volume) === 0 &&
    (order.limit === null || wanted.limit === null
      ? order.limit === wanted.limit
      : compareDecimals(order.limit, wanted.limit) === 0)
  );
}
