import { expect, it } from "vitest";
import { createDeferred, quiet } from "./deferred.js";

it("resolves its promise from outside, once", async () => {
  const deferred = createDeferred<number>();
  deferred.resolve(1);
  deferred.resolve(2);
  deferred.reject(new Error("late"));
  await expect(deferred.promise).resolves.toBe(1);
});

it("rejects its promise from outside", async () => {
  const deferred = createDeferred<number>();
  deferred.reject(new Error("broken"));
  await expect(deferred.promise).rejects.toThrow("broken");
});

it("keeps a quiet rejection from becoming an unhandled one, and its callers still see it", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", note);
  const deferred = createDeferred<number>();
  const promise = quiet(deferred.promise);
  deferred.reject(new Error("broken"));
  const loud = createDeferred<number>();
  loud.reject("loud");
  await new Promise((resolve) => setImmediate(resolve));
  process.removeAllListeners("unhandledRejection");
  for (const other of others) process.on("unhandledRejection", other);
  expect(unhandled).toEqual(["loud"]);
  expect(promise).toBe(deferred.promise);
  await expect(promise).rejects.toThrow("broken");
});
