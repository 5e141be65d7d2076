import { integer, primaryKey, sqliteTable, text, unique } from "drizzle-orm/sqlite-core";
import type { Side } from "./store.js";

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

/** The same, as SQLite makes them. */
export const definitions = [
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
