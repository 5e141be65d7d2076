// A trading gateway: users, orders, deals and their history, over WebSockets at /gateway and, as the original clients know no path, at /.
// Its page is at /. Orders and deals are kept in a file of SQLite, TRADING_DB, or in the PostgreSQL database of DATABASE_URL.
import { join } from "node:path";
import { openStore } from "./trading/open-store.js";
import { startTrading } from "./trading/start.js";

const file = process.env["TRADING_DB"] ?? join(import.meta.dirname, "../data/trading.db");
const intervalMs = Number(process.env["INTERVAL_MS"] ?? 500);

try {
  const store = await openStore({ url: process.env["DATABASE_URL"], file });
  const trading = await startTrading({ port: Number(process.env["PORT"] ?? 8080), store, clock: { intervalMs } });

  // Ctrl-C: everybody gets a Close with 1001, what is being filled is, and the process ends by itself
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void trading.close());

  if (trading.added.length > 0) console.log(`users, each with his name as password: ${trading.added.join(", ")}`);
  console.log(`trading on ${trading.url.replace("ws", "http")}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
