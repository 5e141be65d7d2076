import { createGateway } from "hawser/gateway";
import { createServer } from "hawser/server";
import { type Account, addDemoUsers, findAccount } from "./accounts.js";
import { defineActions, describeDeal } from "./actions.js";
import { Matching } from "./matching.js";
import { createPageHandler } from "./page.js";
import { type QuoteClock, quoteAt, symbols } from "./quotes.js";
import { loginSchema } from "./schemas.js";
import type { Deal, TradingStore } from "./store.js";

export interface TradingOptions {
  readonly port: number;
  readonly store: TradingStore;
  readonly clock: QuoteClock;
}

export interface Trading {
  readonly url: string;
  /** The users that were added, for the first start. */
  readonly added: readonly string[];
  /** Lets everyone go, ends what is being filled, and closes the store. */
  close(): Promise<void>;
}

/** Puts the parts together. Whatever fails, the store is closed. */
export async function startTrading({ port, store, clock }: TradingOptions): Promise<Trading> {
  const gateway = createGateway<Account>({
    async authenticate(data) {
      const result = loginSchema["~standard"].validate(data);
      const account = result.issues === undefined ? await findAccount(store, result.value) : undefined;
      return account === undefined ? null : { id: String(account.login), data: account };
    },
    loginData: ({ data }) => ({ user: data?.username, login: data?.login }),
    onError: (error, session) => console.error(session?.id ?? "before login", error),
  });
  const matching = new Matching({
    store,
    onDeal: announce,
    onError: (error) => console.error("not filled yet:", error),
  });
  for (const symbol of symbols) gateway.channel(`ticks:${symbol}`).channel(`deals:${symbol}`);
  defineActions(gateway, { store, matching, clock });

  /** At most once: who is not there finds it in the history. */
  async function announce(deal: Deal): Promise<void> {
    const data = describeDeal(deal);
    await gateway.send({ user: String(deal.login) }, "addDeal", data);
    await gateway.publish(`deals:${deal.symbol}`, data);
  }

  const onRequest = createPageHandler();
  const server = createServer({ port, onRequest });
  server.service("/gateway", gateway);
  // the original clients know no path
  server.service("/", gateway, { onRequest });

  let timer: ReturnType<typeof setInterval> | undefined;
  async function close(): Promise<void> {
    clearInterval(timer);
    await server.close();
    await matching.idle();
    await gateway.close();
    await store.close();
  }

  try {
    const added = await addDemoUsers(store);
    await matching.start();
    await server.listen();
    timer = setInterval(() => {
      const tick = Math.floor(Date.now() / clock.intervalMs);
      const quotes = symbols.map((symbol) => quoteAt(symbol, tick, clock));
      matching.onQuotes(quotes);
      for (const quote of quotes) gateway.publish(`ticks:${quote.symbol}`, quote).catch(console.error);
    }, clock.intervalMs);
    return { url: server.url, added, close };
  } catch (error) {
    await close();
    throw error;
  }
}
