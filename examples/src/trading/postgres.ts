import { drizzle } from "drizzle-orm/postgres-js";
import { bigint, integer, numeric, pgTable, text, unique } from "drizzle-orm/pg-core";
import postgres from "postgres";
import { createSqlStore, type SqlDatabase, type SqlTables } from "./sql-store.js";
import type { Side, TradingStore } from "./store.js";

const tables = {
  users: pgTable("users", {
    login: integer().primaryKey().generatedAlwaysAsIdentity(),
    username: text().notNull().unique(),
    passwordHash: text("password_hash").notNull(),
  }),
  orders: pgTable(
    "orders",
    {
      id: integer().primaryKey().generatedAlwaysAsIdentity(),
      login: integer().notNull(),
      pid: text().notNull(),
      symbol: text().notNull(),
      side: text().$type<Side>().notNull(),
      volume: numeric().notNull(),
      limit: numeric("limit_price"),
      placedAtMs: bigint("placed_at_ms", { mode: "number" }).notNull(),
    },
    (order) => [unique().on(order.login, order.pid)],
  ),
  deals: pgTable("deals", {
    orderId: integer("order_id").primaryKey(),
    price: numeric().notNull(),
    filledAtMs: bigint("filled_at_ms", { mode: "number" }).notNull(),
  }),
};

const definitions = `
  CREATE TABLE IF NOT EXISTS users (
    login integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username text NOT NULL UNIQUE,
    password_hash text NOT NULL);
  CREATE TABLE IF NOT EXISTS orders (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login integer NOT NULL REFERENCES users,
    pid text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    volume numeric NOT NULL,
    limit_price numeric,
    placed_at_ms bigint NOT NULL,
    UNIQUE (login, pid));
  CREATE TABLE IF NOT EXISTS deals (
    order_id integer PRIMARY KEY REFERENCES orders,
    price numeric NOT NULL,
    filled_at_ms bigint NOT NULL)`;

/** Opens the database that this URL names. It has to be there; its tables are made where they are missing. */
export async function openPostgres(url: string): Promise<TradingStore> {
  const client = connect(new URL(url));
  try {
    await client.unsafe(definitions);
  } catch (error) {
    await client.end({ timeout: 1 });
    throw error;
  }
  // The queries of both dialects are built by the same methods, of types that have nothing in common.
  // That they do the same, too, is what the contract of the stores shows.
  const database = drizzle(client) as unknown as SqlDatabase;
  return createSqlStore(database, tables as unknown as SqlTables, () => client.end({ timeout: 5 }));
}

/** `?host=/folder` names the folder of the server's Unix socket, as for PostgreSQL's own programs; the driver does not know it. */
function connect(url: URL): postgres.Sql {
  const host = url.searchParams.get("host");
  url.searchParams.delete("host");
  // a table that is there already is no news
  const options = { max: 4, connect_timeout: 10, onnotice: () => {} };
  return postgres(url.href, host === null ? options : { ...options, host });
}
