import { expect, it } from "vitest";
import { ZlibContext } from "./zlib-handle.js";
import { ZlibPool } from "./zlib-pool.js";

it("lends a context that came back again, and keeps no more than it may", () => {
  const pool = new ZlibPool(1, 2);
  const lent = [1, 2, 3].map(() => pool.lend("deflate", 12));

  for (const context of lent) pool.giveBack(context);

  expect(pool.freeContexts).toBe(2);
  expect(lent.map(({ closed }) => closed)).toEqual([false, false, true]);
  expect(pool.lend("deflate", 12)).toBe(lent[1]);
  expect(pool.lend("inflate", 12)).not.toBe(lent[0]);
});

it("shares one context of each kind and window, also after a failure", () => {
  const pool = new ZlibPool(1, 2);
  const first = pool.share("inflate", 15, (context) => context);
  expect(() =>
    pool.share("inflate", 15, () => {
      throw new Error("corrupt");
    }),
  ).toThrow("corrupt");

  expect(pool.share("inflate", 15, (context) => context)).toBe(first);
  expect(pool.share("inflate", 12, (context) => context)).not.toBe(first);
});

it("REL-C10 a context that is closed, or called out of bounds, throws instead of ending the process", () => {
  const context = new ZlibContext({ kind: "deflate", windowBits: 15, level: 1 });
  const span = (start: number, end: number): { bytes: Uint8Array; start: number; end: number } => ({
    bytes: new Uint8Array(10),
    start,
    end,
  });

  expect(() => context.step(span(0, 11), span(0, 10))).toThrow(RangeError);
  expect(() => context.step(span(5, 4), span(0, 10))).toThrow(RangeError);
  expect(() => context.step(span(0, 1), span(10, 10))).toThrow(RangeError);
  expect(() => context.step(span(0, 1), span(0, 11))).toThrow(RangeError);
  context.close();
  context.close();
  context.reset();
  expect(() => context.step(span(0, 1), span(0, 10))).toThrow("after its close");
});
