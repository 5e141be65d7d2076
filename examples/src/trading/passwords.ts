import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

// about 80 ms and 16 MiB for each attempt, on a thread of its own
const cost = { N: 16_384, r: 8, p: 1 };
const KEY_BYTES = 32;
const derive = promisify<string, Buffer, number, typeof cost, Buffer>(scrypt);

/** Salt and key, in base64url. The same password gives another hash each time. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, KEY_BYTES, cost);
  return `${salt.toString("base64url")}.${key.toString("base64url")}`;
}

/** Has the form of a hash and is that of no password. */
const nobodysHash = `${randomBytes(16).toString("base64url")}.${randomBytes(KEY_BYTES).toString("base64url")}`;

/** Works as long without a hash as with one: how long an answer takes does not tell who has an account. */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [salt = "", key = ""] = (hash ?? nobodysHash).split(".");
  const expected = Buffer.from(key, "base64url");
  const derived = await derive(password, Buffer.from(salt, "base64url"), KEY_BYTES, cost);
  const same = expected.length === KEY_BYTES && timingSafeEqual(derived, expected);
  return same && hash !== undefined;
}
