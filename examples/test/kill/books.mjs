// Reads the orders and deals out of a database, past the example's own code, and compares them with a client's books.
import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import postgres from "postgres";

const queries = {
  orders: "SELECT id, pid, symbol, side, volume FROM orders ORDER BY id",
  deals: "SELECT order_id, price FROM deals",
};

export async function readBooks({ url, file }) {
  if (url !== undefined) {
    const { searchParams, pathname } = new URL(url);
    const sql = postgres({
      host: searchParams.get("host"),
      port: 5432,
      database: pathname.slice(1),
      user: "hawser",
      max: 1,
    });
    const [orders, deals] = [await sql.unsafe(queries.orders), await sql.unsafe(queries.deals)];
    await sql.end();
    return { orders, deals };
  }
  const client = createClient({ url: pathToFileURL(file).href });
  try {
    const [orders, deals] = [await client.execute(queries.orders), await client.execute(queries.deals)];
    return { orders: orders.rows, deals: deals.rows };
  } finally {
    client.close();
  }
}

/** What is wrong between the two. `isOver`: nothing is on its way any more, every order has to be there and filled. */
export function compare(book, { orders, deals }, { isOver }) {
  const wrong = [];
  const rowsOf = new Map();
  for (const row of orders) rowsOf.set(row.pid, [...(rowsOf.get(row.pid) ?? []), row]);

  for (const [pid, { data, orderId }] of book.orders) {
    const rows = rowsOf.get(pid) ?? [];
    if (rows.length > 1) wrong.push(`${pid} is there ${rows.length} times`);
    if (rows.length === 0 && orderId !== undefined) wrong.push(`${pid} was acknowledged as ${orderId} and is lost`);
    if (rows.length === 0 && isOver) wrong.push(`${pid} is not there`);
    for (const row of rows) {
      if (orderId !== undefined && String(row.id) !== orderId) {
        wrong.push(`${pid} was acknowledged as ${orderId} and is ${row.id}`);
      }
      if (row.volume !== data.volume || row.symbol !== data.symbol || row.side !== data.side) {
        wrong.push(`${pid} was changed`);
      }
    }
  }
  for (const [pid] of rowsOf) if (!book.orders.has(pid)) wrong.push(`${pid} was never sent`);
  if (new Set(orders.map(({ volume }) => volume)).size !== orders.length) {
    wrong.push("an order is there under two pids");
  }

  const prices = new Map();
  for (const { order_id: id, price } of deals) {
    if (prices.has(String(id))) wrong.push(`order ${id} was filled twice`);
    prices.set(String(id), price);
  }
  const ids = new Set(orders.map(({ id }) => String(id)));
  for (const id of prices.keys()) if (!ids.has(id)) wrong.push(`the deal of ${id} has no order`);
  if (isOver) for (const id of ids) if (!prices.has(id)) wrong.push(`order ${id} was never filled`);
  for (const [id, pushed] of book.pushes) {
    if (pushed.length > 1) wrong.push(`the deal of ${id} was told ${pushed.length} times`);
    if (prices.get(id) !== pushed[0]) wrong.push(`the deal of ${id} was told at ${pushed[0]} and is ${prices.get(id)}`);
  }
  return wrong;
}
