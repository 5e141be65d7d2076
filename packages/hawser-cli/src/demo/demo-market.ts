import { instruments, PriceWalk } from "./price-walk.js";

export interface Order {
  readonly order_id: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly volume: string;
  readonly price: string;
  readonly status: "accepted" | "done";
}

/** As the original systems say it: four strings. */
export interface Deal {
  readonly external_order_id: string;
  readonly external_volume: string;
  readonly external_price: string;
  readonly external_symbol: string;
}

/** As many orders, and as many deals, are kept; older ones are forgotten. */
const MAX_KEPT = 1000;

const FIRST_ORDER = 860;

/** The market of the demonstration: in memory, the same for everyone, and forgotten with the process. */
export class DemoMarket {
  readonly #walks: ReadonlyMap<string, PriceWalk> = new Map(
    instruments.map((instrument) => [instrument.symbol, new PriceWalk(instrument)]),
  );
  readonly #orders: Map<string, Order> = new Map();
  #deals: Deal[] = [];
  #nextOrder = FIRST_ORDER;

  get symbols(): readonly string[] {
    return [...this.#walks.keys()];
  }

  /** undefined for a symbol that is not traded. */
  price(symbol: string): string | undefined {
    return this.#walks.get(symbol)?.price;
  }

  /** Every price moves. */
  step(): void {
    for (const walk of this.#walks.values()) walk.step();
  }

  addOrder({ symbol, side, volume }: Pick<Order, "symbol" | "side" | "volume">): Order | undefined {
    const price = this.price(symbol);
    if (price === undefined) return undefined;
    const order: Order = { order_id: String(this.#nextOrder), symbol, side, volume, price, status: "accepted" };
    this.#nextOrder += 1;
    this.#keep(order);
    return order;
  }

  order(id: string): Order | undefined {
    return this.#orders.get(id);
  }

  /** Carries an order out at the price of now. */
  addDeal({ order_id, symbol, volume }: Pick<Order, "order_id" | "symbol" | "volume">): Deal | undefined {
    const price = this.price(symbol);
    if (price === undefined) return undefined;
    const deal: Deal = {
      external_order_id: order_id,
      external_volume: volume,
      external_price: price,
      external_symbol: symbol,
    };
    this.#deals = [...this.#deals.slice(1 - MAX_KEPT), deal];
    const order = this.#orders.get(order_id);
    if (order !== undefined) this.#orders.set(order_id, { ...order, status: "done" });
    return deal;
  }

  /** The last deals, oldest first. */
  deals({ symbol, limit }: { readonly symbol: string | undefined; readonly limit: number }): readonly Deal[] {
    const found = symbol === undefined ? this.#deals : this.#deals.filter((deal) => deal.external_symbol === symbol);
    return found.slice(-limit);
  }

  #keep(order: Order): void {
    this.#orders.set(order.order_id, order);
    if (this.#orders.size <= MAX_KEPT) return;
    const [oldest = ""] = this.#orders.keys();
    this.#orders.delete(oldest);
  }
}
