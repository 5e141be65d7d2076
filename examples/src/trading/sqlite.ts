import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql";
import { integer, primaryKey, sqliteTable, text, unique } from "drizzle-orm/sqlite-core";
import { createSqlStore } from "./sql-store.js";
import type { Side, TradingStore } from "./store.js";

export const tables = {
  users: sqliteTable("users", {
    login: integer().primaryKey({ autoIncrement: true }),
    username: text().notNull().unique(),
    passwordHash: text("password_hash").notNull(),
  }),
  orders: sqliteTable(
    "orders",
    {
      id: integer().primaryKey({ autoIncrement: true }),
      login: integer().notNull(),
      pid: text().notNull(),
      symbol: text().notNull(),
      side: text().$type<Side>().notNull(),
      volume: text().notNull(),
      limit: text("limit_price"),
      placedAtMs: integer("placed_at_ms").notNull(),
    },
    (order) => [unique().on(order.login, order.pid)],
  ),
  deals: sqliteTable(
    "deals",
    {
      orderId: integer("order_id").notNull(),
      price: text().notNull(),
      filledAtMs: integer("filled_at_ms").notNull(),
    },
    (deal) => [primaryKey({ columns: [deal.orderId] })],
  ),
};

const definitions = [
  `CREATE TABLE IF NOT EXISTS users (
    login INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    login INTEGER NOT NULL REFERENCES users,
    pid TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    volume TEXT NOT NULL,
    limit_price TEXT,
    placed_at_ms INTEGER NOT NULL,
    UNIQUE (login, pid))`,
  `CREATE TABLE IF NOT EXISTS deals (
    order_id INTEGER PRIMARY KEY REFERENCES orders,
    price TEXT NOT NULL,
    filled_at_ms INTEGER NOT NULL)`,
];

/** Opens the database of this file, and makes it where there is none. */
export async function openSqlite(file: string): Promise<TradingStore> {
  mkdirSync(dirname(file), { recursive: true });
  // one connection: the pragmas below are a connection's own
  const client = createClient({ url: pathToFileURL(file).href, concurrency: 1, timeout: 5000 });
  // FULL: a row that was answered for is on the disk, and survives a power cut as well as the end of the process
  for (const pragma of ["journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"]) {
    await client.execute(`PRAGMA ${pragma}`);
  }
  for (const definition of definitions) await client.execute(definition);
  return createSqlStore(drizzle(client), tables, () => Promise.resolve(client.close()));
}
