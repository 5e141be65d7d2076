import type { HistoricalDeal, OrderAnswer } from "../src/trading/wire.js";
import { formatTime } from "./chart.js";

/** An order that was not answered yet. */
export interface PendingOrder {
  readonly pid: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly volume: string;
  readonly price: string | null;
}

export function showOrders(body: HTMLElement, pending: readonly PendingOrder[], orders: readonly OrderAnswer[]): void {
  const rows = [
    ...pending.map((order) => ["…", order, "sending"] as const),
    ...orders.map((order) => [order.order_id, order, describeStatus(order)] as const),
  ].map(([id, { symbol, side, volume, price }, status]) =>
    row([
      { text: id },
      { text: symbol },
      { text: side },
      { number: volume },
      { number: price ?? "–" },
      { text: status },
    ]),
  );
  replace(body, rows, "no orders yet");
}

export function showDeals(body: HTMLElement, deals: readonly HistoricalDeal[]): void {
  const rows = deals.map((deal) =>
    row([
      { text: formatTime(deal.time_ms) },
      { text: deal.external_order_id },
      { text: deal.external_symbol },
      { text: deal.side },
      { number: deal.external_volume },
      { number: deal.external_price },
    ]),
  );
  replace(body, rows, "no deals yet");
}

function describeStatus({ status, filled_price: price }: OrderAnswer): string {
  return status === "filled" ? `filled at ${price ?? ""}` : "open";
}

type Cell = { readonly text: string } | { readonly number: string };

function row(cells: readonly Cell[]): HTMLTableRowElement {
  const element = document.createElement("tr");
  for (const cell of cells) {
    const data = element.insertCell();
    data.textContent = "text" in cell ? cell.text : cell.number;
    if ("number" in cell) data.className = "number";
    else if (cell.text === "buy" || cell.text === "sell") {
      data.dataset["direction"] = cell.text === "buy" ? "up" : "down";
    }
  }
  return element;
}

function replace(body: HTMLElement, rows: readonly HTMLTableRowElement[], whenEmpty: string): void {
  if (rows.length > 0) return body.replaceChildren(...rows);
  const element = document.createElement("tr");
  const cell = element.insertCell();
  cell.colSpan = 6;
  cell.className = "empty";
  cell.textContent = whenEmpty;
  body.replaceChildren(element);
}
