import { ActionError, createGateway, type Gateway } from "hawser/gateway";
import type { ServerAddress } from "hawser/server";
import type { Logger } from "pino";
import { DemoMarket } from "./demo-market.js";
import { credentials, dealQuery, newDeal, newOrder, orderQuery } from "./demo-schemas.js";

/** For everyone to see: it must work nowhere but on one's own machine. */
const USER = "demo";
const PASSWORD = "demo";

export interface DemoOptions {
  readonly log: Logger;
  /** How often prices move. @default 500 */
  readonly tickMs?: number;
}

export interface Demo {
  readonly gateway: Gateway;
  /** Where the server listens: it decides whether the demo user may log in. */
  setAddress(address: ServerAddress): void;
  close(): Promise<void>;
}

/**
 * The gateway of `--demo`: the actions of the original systems on a market in memory, and prices that move for those who
 * have subscribed to them.
 */
export function createDemo({ log, tickMs = 500 }: DemoOptions): Demo {
  const market = new DemoMarket();
  // nobody logs in before it is known where the server listens
  let place: string | null = "an address that is not known yet";
  const gateway = createGateway({
    authenticate(data) {
      const given = credentials.safeParse(data);
      if (!given.success || given.data.username !== USER || given.data.password !== PASSWORD) return null;
      if (place === null) return { id: USER };
      const why = `the demo user may log in only on a server that this machine alone can reach; this one listens on ${place}`;
      log.warn({ path: "/gateway" }, `login refused: ${why}`);
      throw new ActionError("LOGIN_REFUSED", why);
    },
    loginData: (user) => ({ user: user.id }),
    audit: (record) => log.debug({ path: "/gateway", ...record }, `gateway: ${record.what}`),
    onError: (err) => log.error({ path: "/gateway", err }, "an action of the gateway failed"),
  });
  addActions(gateway, market);
  for (const symbol of market.symbols) gateway.channel(`ticks:${symbol}`);
  gateway.channel("room:*", { publish: true });

  const timer = setInterval(() => {
    const present = [...gateway.sessions.values()].filter(({ connected }) => connected);
    const wanted = new Set(present.flatMap(({ channels }) => [...channels]));
    if (wanted.size > 0) publishTicks(gateway, market, wanted);
  }, tickMs);
  timer.unref();
  return {
    gateway,
    setAddress({ host, path }) {
      place = path !== null || isLoopback(host) ? null : host;
      if (place === null) return;
      log.warn(
        `--demo: the login of the demo user is refused, as ${place} is no loopback address: use --host 127.0.0.1`,
      );
    },
    async close() {
      clearInterval(timer);
      await gateway.close();
    },
  };
}

function addActions(gateway: Gateway, market: DemoMarket): void {
  gateway
    .action("addOrder", { input: newOrder, idempotent: true }, (order) => {
      return market.addOrder(order) ?? refuseSymbol(order.symbol, market);
    })
    .action("getOrder", { input: orderQuery }, ({ order_id }) => market.order(order_id) ?? refuseOrder(order_id))
    .action("addDeal", { input: newDeal, idempotent: true }, (asked) => {
      const order = "order_id" in asked ? market.order(asked.order_id) : market.addOrder({ ...asked, side: "buy" });
      if (order === undefined && "order_id" in asked) return refuseOrder(asked.order_id);
      if (order?.status === "done") throw new ActionError("CONFLICT", `order ${order.order_id} is done already`);
      const deal = order === undefined ? undefined : market.addDeal(order);
      return deal ?? refuseSymbol("symbol" in asked ? asked.symbol : "", market);
    })
    .action("get_historical_deals", { input: dealQuery }, ({ symbol, limit }) => ({
      deals: market.deals({ symbol, limit }),
    }));
}

function publishTicks(gateway: Gateway, market: DemoMarket, wanted: ReadonlySet<string>): void {
  market.step();
  const time = new Date().toISOString();
  for (const symbol of market.symbols) {
    const channel = `ticks:${symbol}`;
    if (!wanted.has(channel)) continue;
    const tick = { symbol, price: market.price(symbol), time };
    // the memory of this process takes everything at once
    void gateway.publish(channel, tick, { event: "tick", key: symbol });
  }
}

function refuseSymbol(symbol: string, { symbols }: DemoMarket): never {
  throw new ActionError("UNKNOWN_SYMBOL", `${symbol} is not traded here: expected one of ${symbols.join(", ")}`);
}

function refuseOrder(id: string): never {
  throw new ActionError("UNKNOWN_ORDER", `there is no order ${id}`);
}

function isLoopback(host: string): boolean {
  return host === "::1" || host === "localhost" || /^(?:::ffff:)?127\./.test(host);
}
