import { compareDecimals } from "./decimal.js";
import type { Quote } from "./quotes.js";
import type { Deal, Order, TradingStore } from "./store.js";

export interface MatchingOptions {
  readonly store: TradingStore;
  /** An order was filled, and its deal is stored. */
  readonly onDeal: (deal: Deal) => Promise<void>;
  /** An order could not be filled for now; it is tried again with the next quote. */
  readonly onError: (error: unknown) => void;
}

/**
 * Fills orders at the prices of the market: one without a limit at the next quote, one with a limit at the first quote that is as good.
 * Orders go in the order in which they came.
 */
export class Matching {
  readonly #options: MatchingOptions;
  readonly #open: Map<number, Order> = new Map();
  /** Quotes one after the other, so that no order is tried twice at once. */
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(options: MatchingOptions) {
    this.#options = options;
  }

  /** Takes up what waits in the store: orders that a process before us has accepted. */
  async start(): Promise<void> {
    for (const order of await this.#options.store.listOpenOrders()) this.add(order);
  }

  /** The order has to be stored. Adding it again changes nothing. */
  add(order: Order): void {
    if (order.price === null) this.#open.set(order.id, order);
  }

  /** A quote that finds others waiting is left out: while the database is slow, old prices are worth nothing. */
  onQuotes(quotes: readonly Quote[]): void {
    if (this.#waiting > 0) return;
    this.#waiting++;
    this.#work = this.#work.then(() => this.#match(quotes)).finally(() => this.#waiting--);
  }

  /** Settles when nothing is being filled. */
  async idle(): Promise<void> {
    await this.#work;
  }

  async #match(quotes: readonly Quote[]): Promise<void> {
    const prices = new Map(quotes.map(({ symbol, price }) => [symbol, price]));
    const timeMs = Math.max(...quotes.map((quote) => quote.timeMs));
    for (const order of this.#open.values()) {
      const price = prices.get(order.symbol);
      if (price === undefined || !isAcceptable(order, price)) continue;
      try {
        await this.#fill({ ...order, price, filledAtMs: timeMs });
      } catch (error) {
        return this.#options.onError(error); // the database, most likely: the others would fare no better
      }
    }
  }

  async #fill(deal: Deal): Promise<void> {
    const { store, onDeal } = this.#options;
    const isOurs = await store.addDeal(deal.id, deal.price, deal.filledAtMs);
    this.#open.delete(deal.id);
    // otherwise another process has filled it, or we have and did not hear of it: the deal is in the history
    if (isOurs) await onDeal(deal);
  }
}

function isAcceptable({ side, limit }: Order, price: string): boolean {
  if (limit === null) return true;
  return side === "buy" ? compareDecimals(price, limit) <= 0 : compareDecimals(price, limit) >= 0;
}
