import { createServer } from "node:net";
import { join } from "node:path";
import { once } from "node:events";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Example, type Started } from "../support/example.js";
import { postgresFolder, startPostgres } from "../support/postgres.mjs";
import { createFolder, startTrading, TradingClient } from "./trading-client.js";

const order = { symbol: "LLG", side: "buy", volume: "100.0" };

describe("over one process", () => {
  let trading: Started;
  beforeAll(async () => {
    const ends: (() => void)[] = [];
    trading = await startTrading({}, (end) => ends.unshift(end));
    return () => ends.forEach((end) => end());
  });

  it("fills an order, tells its owner in four strings and nobody else, and tells the channel", async () => {
    await trading.example.waitFor(/^users, each with his name as password: demo, ann, ben\n/m);
    const ann = await TradingClient.login(trading.wsUrl, "ann");
    const ben = await TradingClient.login(`${trading.wsUrl}/gateway`, "ben");
    await ben.request("subscribe", undefined, { channel: "deals:LLG" });

    const { data } = await ann.request("addOrder", order);
    expect(data).toMatchObject({ ...order, price: null, status: "open", filled_price: null });
    const deal = await ann.nextDeal(data["order_id"]);
    const { external_price: price, ...rest } = deal.data;
    expect(rest).toEqual({ external_order_id: data["order_id"], external_volume: "100.0", external_symbol: "LLG" });
    expect(price).toMatch(/^\d{4}\.\d$/);
    expect((await ben.next(({ channel }) => channel === "deals:LLG")).data).toEqual(deal.data);

    const filled = await ann.request("getOrder", { order_id: data["order_id"] });
    expect(filled.data).toMatchObject({ status: "filled", filled_price: price });
    // what is somebody else's is not there for him, and his own push would have come before this answer
    expect((await ben.request("getOrder", { order_id: data["order_id"] })).error?.code).toBe("UNKNOWN_ORDER");
    expect((await ben.request("getOrders")).data).toEqual([]);
  });

  it("answers the history in either case of the names, one's own alone", async () => {
    const demo = await TradingClient.login(trading.wsUrl, "demo");
    for (const symbol of ["LLG", "LLS"]) {
      const { data } = await demo.request("addOrder", { ...order, symbol });
      await demo.nextDeal(data["order_id"]);
    }
    const symbolsOf = async (data: unknown): Promise<unknown> =>
      ((await demo.request("get_historical_deals", data)).data as unknown as { external_symbol: string }[]).map(
        (deal) => deal.external_symbol,
      );

    expect(await symbolsOf({ Login: 1, Symbol: "LLS" })).toEqual(["LLS"]);
    expect(await symbolsOf({ login: "1", symbol: "LLG" })).toEqual(["LLG"]);
    expect(await symbolsOf({})).toEqual(["LLS", "LLG"]);
    expect((await demo.request("get_historical_deals", { Login: 2, Symbol: "LLG" })).error?.code).toBe("FORBIDDEN");
  });

  it("refuses an order that is none, and says where", async () => {
    const ben = await TradingClient.login(trading.wsUrl, "ben");
    const { error } = await ben.request("addOrder", { ...order, volume: 100, side: "hold" });
    expect(error?.code).toBe("INVALID_DATA");
    expect(error?.issues).toEqual([
      { message: "expected buy or sell", path: ["side"] },
      { message: expect.stringMatching(/^expected a decimal above 0 as a string/) as string, path: ["volume"] },
    ]);
    expect((await ben.request("getOrders")).data).toEqual([]);
  });

  it("refuses a wrong password and an unknown user in the same words", async () => {
    const client = await TradingClient.open(trading.wsUrl);
    const wrong = await client.request("login", { username: "ann", password: "ben" });
    const unknown = await client.request("login", { username: "eve", password: "eve" });
    const broken = await client.request("login", { username: "ann" });
    expect(wrong.error?.code).toBe("LOGIN_REFUSED");
    expect(unknown.error).toEqual(wrong.error);
    expect(broken.error).toEqual(wrong.error);
    expect((await client.request("addOrder", order)).error?.code).toBe("UNAUTHENTICATED");
  });

  it("takes no order without a pid, which nobody could ask for again", async () => {
    const ben = await TradingClient.login(trading.wsUrl, "ben");
    ben.send({ action: "addOrder", data: order });
    expect((await ben.request("getOrders")).data).toEqual([]);
  });

  it("publishes quotes that go on where the chart ends", async () => {
    const ann = await TradingClient.login(trading.wsUrl, "ann");
    await ann.request("subscribe", undefined, { channel: "ticks:LLG" });
    expect((await ann.request("subscribe", undefined, { channel: "ticks:none" })).error?.code).toBe("UNKNOWN_CHANNEL");
    const quote = await ann.next(({ channel }) => channel === "ticks:LLG");
    const { data } = await ann.request("getQuotes", { symbol: "LLG" });
    expect(data).toContainEqual(quote.data);
  });

  it("serves its page with what it needs and no more", async () => {
    const page = await fetch(trading.url);
    const text = await page.text();
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    const [, script = ""] = /<script type="module" crossorigin src="(?<src>[^"]+)"/.exec(text) ?? [];
    expect((await fetch(new URL(script, trading.url))).headers.get("content-type")).toBe(
      "text/javascript; charset=utf-8",
    );
    expect((await fetch(new URL("/../package.json", trading.url))).status).toBe(404);
    expect((await fetch(trading.url, { method: "POST" })).status).toBe(405);
    expect((await fetch(`${trading.url}/gateway`)).status).toBe(426);
    await TradingClient.login(trading.wsUrl, "ann");
  });
});

const databases = [
  ["SQLite", true],
  ["PostgreSQL", postgresFolder !== undefined],
] as const;

describe.each(databases)("over %s", (name, isThere) => {
  it.skipIf(!isThere)("answers a repeated pid with the order that is there, after a restart as before", async () => {
    const settings = name === "SQLite" ? { TRADING_DB: join(createFolder(), "trading.db") } : await createDatabase();
    const before = await startTrading(settings);
    const ann = await TradingClient.login(before.wsUrl, "ann");
    const placed = await ann.request("addOrder", order, { pid: "p" });
    await ann.nextDeal(placed.data["order_id"]);
    expect((await ann.request("addOrder", order, { pid: "p" })).data).toEqual(placed.data);
    before.example.interrupt();
    expect(await ann.closed).toEqual([1001, ""]);
    expect(await before.example.ended).toEqual({ code: 0, signal: null });

    const after = await startTrading(settings);
    const again = await TradingClient.login(after.wsUrl, "ann");
    const repeated = await again.request("addOrder", { ...order, volume: "100.00" }, { pid: "p" });
    expect(repeated.data).toMatchObject({ order_id: placed.data["order_id"], volume: "100.0", status: "filled" });
    const ben = await TradingClient.login(after.wsUrl, "ben");
    const other = await ben.request("addOrder", order, { pid: "p" });
    expect(other.data["order_id"]).not.toBe(placed.data["order_id"]);
    expect((await again.request("getOrders")).data).toHaveLength(1);
    expect([before.example.stderr, after.example.stderr]).toEqual(["", ""]);
  });
});

async function createDatabase(): Promise<{ readonly DATABASE_URL: string }> {
  const server = await startPostgres();
  onTestFinished(() => server.stop());
  return { DATABASE_URL: await server.createDatabase() };
}

it("refuses a pid that was another order's before the restart", async () => {
  const settings = { TRADING_DB: join(createFolder(), "trading.db") };
  const before = await startTrading(settings);
  await (await TradingClient.login(before.wsUrl, "ann")).request("addOrder", order, { pid: "p" });
  before.example.interrupt();
  await before.example.ended;

  const { wsUrl } = await startTrading(settings);
  const ann = await TradingClient.login(wsUrl, "ann");
  const { error } = await ann.request("addOrder", { ...order, side: "sell" }, { pid: "p" });
  expect(error).toMatchObject({ code: "CONFLICT", temporary: false });
});

it("keeps an order open until its limit is met, over a restart", async () => {
  const settings = { TRADING_DB: join(createFolder(), "trading.db") };
  const before = await startTrading(settings);
  const ann = await TradingClient.login(before.wsUrl, "ann");
  const low = await ann.request("addOrder", { ...order, price: "0.01" });
  const high = await ann.request("addOrder", { ...order, price: "99999" });
  // quotes came, for this one is filled
  await ann.nextDeal(high.data["order_id"]);
  expect((await ann.request("getOrder", { order_id: low.data["order_id"] })).data["status"]).toBe("open");
  before.example.interrupt();
  await before.example.ended;

  const after = await startTrading(settings);
  const again = await TradingClient.login(after.wsUrl, "ann");
  expect((await again.request("getOrder", { order_id: low.data["order_id"] })).data["status"]).toBe("open");
});

it("names the port that is taken, and ends", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  onTestFinished(() => void taken.close());
  const address = taken.address();
  const port = String(typeof address === "object" ? address?.port : "");
  const example = new Example("trading", { PORT: port, DATABASE_URL: "", TRADING_DB: join(createFolder(), "t.db") });
  expect(await example.ended).toEqual({ code: 1, signal: null });
  expect(example.stderr).toMatch(new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\): [^\n]+\n$`));
});

it("tells which setting names a database that it cannot use, and ends", async () => {
  const example = new Example("trading", { DATABASE_URL: "mysql://localhost/x" });
  expect(await example.ended).toEqual({ code: 1, signal: null });
  expect(example.stderr).toMatch(/^DATABASE_URL does not begin with postgres: [^\n]+\n$/);
});
