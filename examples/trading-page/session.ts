import { type Client, createClient, RequestError } from "hawser/client";
import type { HistoricalDeal, OrderAnswer, QuotePoint } from "../src/trading/wire.js";
import type { PriceChart } from "./chart.js";
import { element } from "./element.js";
import { type PendingOrder, showDeals, showOrders } from "./tables.js";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * What a user sees between login and logout. The client comes back by itself, logs in again and subscribes again; here it is only to
 * be asked anew for what happened meanwhile.
 */
export class TradingSession {
  readonly #client: Client;
  readonly #chart: PriceChart;
  readonly #orders = element("#orders tbody", HTMLTableSectionElement);
  readonly #deals = element("#deals tbody", HTMLTableSectionElement);
  readonly #last = element("#last", HTMLOutputElement);
  readonly #change = element("#change", HTMLOutputElement);
  /** By pid. */
  readonly #pending: Map<string, PendingOrder> = new Map();
  #known: readonly OrderAnswer[] = [];
  #symbol = "";

  /** Resolves when the user is logged in. @throws RequestError LOGIN_REFUSED */
  static async open(
    credentials: Credentials,
    chart: PriceChart,
    onState: (client: Client) => void,
  ): Promise<TradingSession> {
    const client = createClient(new URL("/gateway", location.href.replace(/^http/, "ws")).href, {
      login: { ...credentials, type: 1 },
      reconnect: { initialDelayMs: 250, maxDelayMs: 5000 },
    });
    client.on("state", () => onState(client));
    client.on("close", () => onState(client));
    await client.connect();
    return new TradingSession(client, chart);
  }

  private constructor(client: Client, chart: PriceChart) {
    this.#client = client;
    this.#chart = chart;
    client.on("open", () => void this.#refresh());
    client.onPush("addDeal", () => void this.#loadOrders());
    void this.#loadOrders();
  }

  async close(): Promise<void> {
    await this.#client.disconnect();
  }

  get symbol(): string {
    return this.#symbol;
  }

  async follow(symbol: string): Promise<void> {
    if (this.#symbol !== "") void this.#client.subscribe(`ticks:${this.#symbol}`).unsubscribe();
    this.#symbol = symbol;
    this.#chart.show([]);
    this.#client.subscribe(`ticks:${symbol}`).on(({ data }) => {
      if (symbol === this.#symbol) this.#showQuote(data as QuotePoint); // as the gateway publishes it
    });
    await this.#loadQuotes();
  }

  /**
   * Places the order once, whatever the connection does: what was not answered is asked again under the same pid, and the gateway
   * answers it with the order that is there. @throws RequestError when the gateway refuses it
   */
  async placeOrder(order: Omit<PendingOrder, "pid">): Promise<OrderAnswer> {
    const pid = crypto.randomUUID();
    this.#pending.set(pid, { ...order, pid });
    this.#showOrders();
    try {
      for (;;) {
        try {
          return (await this.#client.request("addOrder", order, { pid })) as OrderAnswer; // as the gateway answers it
        } catch (error) {
          const isFinal = error instanceof RequestError && !error.answer.temporary;
          if (isFinal || this.#client.state === "disconnected") throw error;
          await this.#opened();
        }
      }
    } finally {
      this.#pending.delete(pid);
      await this.#loadOrders();
    }
  }

  /** After a second, at the soonest: a gateway that is busy is given time. */
  async #opened(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (this.#client.state === "open") return;
    await new Promise<void>((resolve) => {
      const off = this.#client.on("state", ({ state }) => {
        if (state !== "open" && state !== "disconnected") return;
        off();
        resolve();
      });
    });
  }

  async #refresh(): Promise<void> {
    await Promise.all([this.#loadOrders(), this.#loadQuotes()]);
  }

  async #loadOrders(): Promise<void> {
    try {
      const [orders, deals] = await Promise.all([
        this.#client.request("getOrders"),
        this.#client.request("get_historical_deals", {}),
      ]);
      this.#known = orders as OrderAnswer[]; // as the gateway answers it
      showDeals(this.#deals, deals as HistoricalDeal[]); // as the gateway answers it
    } catch {
      // the connection was lost: the next one asks again
    }
    this.#showOrders();
  }

  #showOrders(): void {
    showOrders(this.#orders, [...this.#pending.values()], this.#known);
  }

  async #loadQuotes(): Promise<void> {
    const symbol = this.#symbol;
    if (symbol === "") return;
    try {
      const quotes = await this.#client.request("getQuotes", { symbol });
      if (symbol !== this.#symbol) return;
      this.#chart.show(quotes as QuotePoint[]); // as the gateway answers it
      this.#showChange();
    } catch {
      // as above
    }
  }

  #showQuote(quote: QuotePoint): void {
    this.#chart.add(quote);
    this.#showChange();
  }

  #showChange(): void {
    const { first, last } = this.#chart;
    if (first === undefined || last === undefined) return;
    this.#last.value = last.price;
    const percent = (Number(last.price) / Number(first.price) - 1) * 100; // to be looked at, not to be reckoned with
    this.#change.value = `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(2)} %`;
    this.#change.dataset["direction"] = percent < 0 ? "down" : "up";
  }
}
