// What goes over the wire as `data`, for the page as well. Names are those of the original systems where they had one.

/** `data` of addDeal, in its four strings. */
export interface DealPush {
  readonly external_order_id: string;
  readonly external_volume: string;
  readonly external_price: string;
  readonly external_symbol: string;
}

/** An entry of what get_historical_deals answers, newest first. */
export interface HistoricalDeal extends DealPush {
  readonly side: "buy" | "sell";
  readonly time_ms: number;
}

/** What addOrder and getOrder answer, and an entry of what getOrders does. */
export interface OrderAnswer {
  readonly order_id: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly volume: string;
  /** The limit; null: none. */
  readonly price: string | null;
  readonly status: "open" | "filled";
  readonly placed_at_ms: number;
  readonly filled_price: string | null;
  readonly filled_at_ms: number | null;
}

/** A publication of ticks:<symbol>, and an entry of what getQuotes answers, oldest first. */
export interface QuotePoint {
  readonly symbol: string;
  readonly tick: number;
  readonly timeMs: number;
  readonly price: string;
}
