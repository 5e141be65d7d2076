import fc from "fast-check";
import { expect, it } from "vitest";
import { TokenBucket } from "./token-bucket.js";

it("gives the burst at once, then the rate", () => {
  const bucket = new TokenBucket(2, 3, 0);
  expect([0, 0, 0, 0, 400, 500, 900, 1000].map((nowMs) => bucket.take(nowMs))).toEqual([
    true,
    true,
    true,
    false,
    false,
    true,
    false,
    true,
  ]);
});

it("holds no more than the burst, however long nobody asked", () => {
  const bucket = new TokenBucket(100, 2, 0);
  expect([60_000, 60_000, 60_000].map((nowMs) => bucket.take(nowMs))).toEqual([true, true, false]);
});

it("takes a debt, that has to be paid before there is another token", () => {
  const bucket = new TokenBucket(1000, 500, 0);
  expect(bucket.debtMs(0)).toBe(0);
  bucket.spend(500, 0);
  expect(bucket.debtMs(0)).toBe(0);
  bucket.spend(2000, 0);
  expect([bucket.debtMs(0), bucket.debtMs(1500), bucket.debtMs(2000)]).toEqual([2000, 500, 0]);
  expect(bucket.waitMs(2000)).toBe(1);
  expect([bucket.take(2000), bucket.take(2001)]).toEqual([false, true]);
});

it("has no limit at a rate of Infinity", () => {
  const bucket = new TokenBucket(Infinity, Infinity, 0);
  bucket.spend(1e9, 0);
  expect([bucket.take(0), bucket.debtMs(0), bucket.waitMs(0)]).toEqual([true, 0, 0]);
});

it("never gives more than the burst and the rate together, whatever the times", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 }),
      (perSecond, burst, steps) => {
        const bucket = new TokenBucket(perSecond, burst, 0);
        let nowMs = 0;
        let taken = 0;
        for (const step of steps) {
          nowMs += step;
          if (bucket.take(nowMs)) taken++;
        }
        expect(taken).toBeLessThanOrEqual(burst + (nowMs / 1000) * perSecond + 1e-6);
      },
    ),
  );
});
