import { and, asc, desc, eq, isNull } from "drizzle-orm";
import type { LibSQLDatabase } from "drizzle-orm/libsql";
import type { tables as sqliteTables } from "./sqlite-tables.js";
import type { TradingStore } from "./store.js";

export type SqlDatabase = LibSQLDatabase;
export type SqlTables = typeof sqliteTables;

/**
 * The store over a database of drizzle. Every change is one statement, so that the database itself makes it whole or not at all: there is
 * no moment at which an order is half there.
 */
export function createSqlStore(
  database: SqlDatabase,
  { users, orders, deals }: SqlTables,
  close: () => Promise<void>,
): TradingStore {
  const order = {
    id: orders.id,
    login: orders.login,
    pid: orders.pid,
    symbol: orders.symbol,
    side: orders.side,
    volume: orders.volume,
    limit: orders.limit,
    placedAtMs: orders.placedAtMs,
    price: deals.price,
    filledAtMs: deals.filledAtMs,
  };
  const selectOrders = () => database.select(order).from(orders).leftJoin(deals, eq(deals.orderId, orders.id));

  return {
    async addUsers(added) {
      const names = { name: users.username };
      return (
        await database
          .insert(users)
          .values([...added])
          .onConflictDoNothing()
          .returning(names)
      ).length;
    },

    async findUser(username) {
      return (await database.select().from(users).where(eq(users.username, username)))[0];
    },

    async addOrder(added) {
      await database.insert(orders).values(added).onConflictDoNothing();
      const named = and(eq(orders.login, added.login), eq(orders.pid, added.pid));
      const [stored] = await selectOrders().where(named);
      if (stored === undefined) throw new Error(`the order ${added.pid} of ${added.login} is gone`);
      return stored;
    },

    async findOrder(login, id) {
      return (await selectOrders().where(and(eq(orders.id, id), eq(orders.login, login))))[0];
    },

    listOrders: async (login, maxOrders) =>
      selectOrders().where(eq(orders.login, login)).orderBy(desc(orders.id)).limit(maxOrders),

    listOpenOrders: async () => selectOrders().where(isNull(deals.orderId)).orderBy(asc(orders.id)),

    async addDeal(orderId, price, filledAtMs) {
      const deal = { orderId, price, filledAtMs };
      const added = await database.insert(deals).values(deal).onConflictDoNothing().returning({ id: deals.orderId });
      return added.length === 1;
    },

    async listDeals({ login, symbol, maxDeals }) {
      const wanted = and(eq(orders.login, login), symbol === undefined ? undefined : eq(orders.symbol, symbol));
      const found = await database
        .select(order)
        .from(deals)
        .innerJoin(orders, eq(deals.orderId, orders.id))
        .where(wanted)
        .orderBy(desc(deals.filledAtMs), desc(deals.orderId))
        .limit(maxDeals);
      return found;
    },

    close,
  };
}
