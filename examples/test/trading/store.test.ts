import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openStore } from "../../src/trading/open-store.js";
import type { NewOrder, TradingStore } from "../../src/trading/store.js";
import { type PostgresServer, postgresFolder, startPostgres } from "../support/postgres.mjs";

const folder = mkdtempSync(join(tmpdir(), "hawser-trading-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a store in a file of SQLite", () => {
  let files = 0;
  describeStore({ create: () => Promise.resolve({ url: undefined, file: join(folder, `made/${++files}.db`) }) });
});

describe.skipIf(postgresFolder === undefined)("a store in a PostgreSQL server", () => {
  let server: PostgresServer;
  beforeAll(async () => (server = await startPostgres()));
  afterAll(() => server.stop());
  describeStore({ create: async () => ({ url: await server.createDatabase(), file: "" }) });
});

type Place = Parameters<typeof openStore>[0];

/** What every store does, whatever database is behind it. */
function describeStore({ create }: { readonly create: () => Promise<Place> }): void {
  let place: Place;
  let store: TradingStore;
  beforeEach(async () => {
    place = await create();
    store = await openStore(place);
    const users = [
      { username: "ann", passwordHash: "a" },
      { username: "ben", passwordHash: "b" },
    ];
    expect(await store.addUsers(users)).toBe(2);
  });
  afterEach(() => store.close());

  it("adds a user once, and finds nobody who is not there", async () => {
    const users = [
      { username: "ann", passwordHash: "other" },
      { username: "eve", passwordHash: "e" },
    ];
    expect(await store.addUsers(users)).toBe(1);
    expect(await store.findUser("ann")).toEqual({ login: 1, username: "ann", passwordHash: "a" });
    expect(await store.findUser("Ann")).toBeUndefined();
    expect(await store.findUser("' OR 1=1 --")).toBeUndefined();
  });

  it("answers the same order for the same pid of the same user, as it was placed first", async () => {
    const first = await store.addOrder(buy({ pid: "p" }));
    const again = await store.addOrder(buy({ pid: "p", volume: "7" }));
    const bens = await store.addOrder(buy({ pid: "p", login: 2 }));
    const other = await store.addOrder(buy({ pid: "q" }));

    expect(first).toEqual({ ...buy({ pid: "p" }), id: first.id, price: null, filledAtMs: null });
    expect(again).toEqual(first);
    expect(new Set([first.id, bens.id, other.id]).size).toBe(3);
    expect(await store.listOpenOrders()).toEqual([first, bens, other]);
  });

  it("stores one order when the same pid comes many times at once", async () => {
    const orders = await Promise.all(Array.from({ length: 20 }, () => store.addOrder(buy({ pid: "p" }))));
    expect(new Set(orders.map(({ id }) => id)).size).toBe(1);
    expect(await store.listOpenOrders()).toHaveLength(1);
  });

  it("gives prices and volumes back as they were written, digit by digit", async () => {
    const exact = buy({ pid: "p", volume: "100.0", limit: "123456789012.12345678" });
    expect(await store.addOrder(exact)).toMatchObject({ volume: "100.0", limit: "123456789012.12345678" });
    const cheap = await store.addOrder(buy({ pid: "q", volume: "0.10", limit: null }));
    expect(cheap).toMatchObject({ volume: "0.10", limit: null });
    await store.addDeal(cheap.id, "1989.10", 2);
    expect(await store.findOrder(1, cheap.id)).toMatchObject({ price: "1989.10" });
  });

  it("fills an order once, however many try", async () => {
    const { id } = await store.addOrder(buy({ pid: "p" }));
    const filled = await Promise.all(["1", "2", "3"].map((price, index) => store.addDeal(id, price, 100 + index)));
    expect(filled.filter(Boolean)).toHaveLength(1);
    const order = await store.findOrder(1, id);
    expect(order).toMatchObject({ price: String(filled.indexOf(true) + 1), filledAtMs: 100 + filled.indexOf(true) });
    expect(await store.listOpenOrders()).toEqual([]);
    expect(await store.listDeals({ login: 1, symbol: undefined, maxDeals: 10 })).toEqual([order]);
  });

  it("fills no order that is not there", async () => {
    await expect(store.addDeal(99, "1", 1)).rejects.toThrow(/deals/);
  });

  it("shows a user his own orders and deals, newest first, and no more than asked for", async () => {
    const ids: number[] = [];
    for (const [pid, symbol] of [
      ["1", "LLG"],
      ["2", "LLS"],
      ["3", "LLG"],
    ] as const) {
      const { id } = await store.addOrder(buy({ pid, symbol }));
      await store.addDeal(id, "1.0", 1000 + id);
      ids.push(id);
    }
    const [first = 0, second = 0, third = 0] = ids;
    const bens = await store.addOrder(buy({ pid: "4", login: 2 }));
    await store.addDeal(bens.id, "2.0", 5000);

    const list = async (symbol: string | undefined, maxDeals: number) =>
      (await store.listDeals({ login: 1, symbol, maxDeals })).map(({ id }) => id);
    expect(await list(undefined, 10)).toEqual([third, second, first]);
    expect(await list("LLG", 10)).toEqual([third, first]);
    expect(await list(undefined, 2)).toEqual([third, second]);
    expect((await store.listOrders(1, 2)).map(({ id }) => id)).toEqual([third, second]);
    expect(await store.findOrder(1, bens.id)).toBeUndefined();
    expect(await store.findOrder(1, 0)).toBeUndefined();
  });

  it("has everything again when it is opened again", async () => {
    const waiting = await store.addOrder(buy({ pid: "p" }));
    const filled = await store.addOrder(buy({ pid: "q" }));
    await store.addDeal(filled.id, "3", 3);
    await store.close();
    store = await openStore(place);

    expect(await store.addOrder(buy({ pid: "p" }))).toEqual(waiting);
    expect(await store.listOpenOrders()).toEqual([waiting]);
    expect(await store.listDeals({ login: 1, symbol: "LLG", maxDeals: 1 })).toMatchObject([
      { id: filled.id, price: "3" },
    ]);
    expect(await store.addUsers([{ username: "ann", passwordHash: "x" }])).toBe(0);
  });
}

function buy(order: Partial<NewOrder>): NewOrder {
  return {
    login: 1,
    pid: "",
    symbol: "LLG",
    side: "buy",
    volume: "1",
    limit: null,
    placedAtMs: 1_790_000_000_000,
    ...order,
  };
}

it("names the setting when a database's URL is of no kind that it knows", async () => {
  await expect(openStore({ url: "mysql://localhost/x", file: "" })).rejects.toThrow(
    /^DATABASE_URL does not begin with/,
  );
});
