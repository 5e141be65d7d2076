import type { TradingStore } from "./store.js";

/** A PostgreSQL server's database where a URL names one, otherwise the file. The driver of the other is not even loaded. */
export async function openStore({
  url,
  file,
}: {
  readonly url: string | undefined;
  readonly file: string;
}): Promise<TradingStore> {
  if (url === undefined || url === "") return (await import("./sqlite.js")).openSqlite(file);
  if (/^postgres(?:ql)?:/.test(url)) return (await import("./postgres.js")).openPostgres(url);
  throw new RangeError(
    "DATABASE_URL does not begin with postgres: or postgresql:. Leave it out to use a file of SQLite",
  );
}
