import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql";
import { createSqlStore } from "./sql-store.js";
import { definitions, tables } from "./sqlite-tables.js";
import type { TradingStore } from "./store.js";

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
