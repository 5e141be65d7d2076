import type { TradingStore } from "./store.js";
import { hashPassword, verifyPassword } from "./passwords.js";

/** Who may log in on a fresh database. This is a demonstration, and listens on this machine alone: each one's password is his name. */
const demoUsers: readonly string[] = ["demo", "ann", "ben"];

/** Answers the names of those who were added: none, but on the first start. */
export async function addDemoUsers(store: TradingStore): Promise<readonly string[]> {
  if ((await store.findUser(demoUsers[0] ?? "")) !== undefined) return [];
  const users = demoUsers.map(async (username) => ({ username, passwordHash: await hashPassword(username) }));
  return (await store.addUsers(await Promise.all(users))) > 0 ? demoUsers : [];
}

export interface Account {
  readonly login: number;
  readonly username: string;
}

/** undefined: no such user, or not his password; nothing tells which. */
export async function findAccount(
  store: TradingStore,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<Account | undefined> {
  const user = await store.findUser(username);
  const isTheirs = await verifyPassword(password, user?.passwordHash);
  return user !== undefined && isTheirs ? { login: user.login, username } : undefined;
}
