import { createHook } from "node:async_hooks";
import { expect, it, onTestFinished } from "vitest";
import { hashPassword, verifyPassword } from "../../src/trading/passwords.js";

it("knows a password by its hash, which is another one each time", async () => {
  const [first, second] = await Promise.all([hashPassword("secret"), hashPassword("secret")]);
  expect(first).not.toBe(second);
  expect(first).not.toContain("secret");
  expect(await verifyPassword("secret", first)).toBe(true);
  expect(await verifyPassword("secret", second)).toBe(true);
  expect(await verifyPassword("Secret", first)).toBe(false);
  expect(await verifyPassword("", first)).toBe(false);
});

it("does the same work for nobody's password as for a wrong one", async () => {
  const hash = await hashPassword("secret");
  const works: string[] = [];
  const hook = createHook({ init: (_id, type) => void (type.startsWith("SCRYPT") && works.push(type)) }).enable();
  onTestFinished(() => void hook.disable());

  expect(await verifyPassword("wrong", hash)).toBe(false);
  expect(works).toHaveLength(1);
  expect(await verifyPassword("wrong", undefined)).toBe(false);
  expect(works).toHaveLength(2);
});

it("takes what is no hash for nobody's", async () => {
  expect(await verifyPassword("", "")).toBe(false);
  expect(await verifyPassword("x", "a.b")).toBe(false);
});
