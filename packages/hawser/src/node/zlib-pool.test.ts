import { expect, it } from "vitest";
import { contextBytes, type ContextSettings, ZlibContext } from "./zlib-handle.js";
import { ZlibPool } from "./zlib-pool.js";

const deflate12: ContextSettings = { kind: "deflate", windowBits: 12, level: 1 };

it("lends a context that came back again, and keeps no more than it may", () => {
  const pool = new ZlibPool({ maxFreeContexts: 2 });
  const lent = [1, 2, 3].map(() => pool.lend(deflate12));

  for (const context of lent) pool.giveBack(context);

  expect(pool.freeContexts).toBe(2);
  expect(lent.map(({ closed }) => closed)).toEqual([false, false, true]);
  expect(pool.lend({ ...deflate12, kind: "inflate" })).not.toBe(lent[0]);
  expect(pool.lend({ ...deflate12, level: 6 })).not.toBe(lent[0]);
  expect(pool.lend(deflate12)).toBe(lent[1]);
});

it("tells the ledger what is lent, and nothing of what is free", () => {
  let bytes = 0;
  const pool = new ZlibPool({ ledger: { add: (more) => void (bytes += more) } });

  const lent = [pool.lend(deflate12), pool.lend({ kind: "inflate", windowBits: 15, level: 0 })];
  expect(bytes).toBe(contextBytes(deflate12) + contextBytes({ kind: "inflate", windowBits: 15 }));

  for (const context of lent) pool.giveBack(context);
  expect(bytes).toBe(0);
});

it("counts about what was measured for a context", () => {
  const kib = (kind: "deflate" | "inflate", windowBits: number): number =>
    Math.round(contextBytes({ kind, windowBits }) / 1024);

  expect([15, 12, 10, 9].map((bits) => kib("deflate", bits))).toEqual([262, 94, 82, 80]);
  expect([15, 12, 10, 9].map((bits) => kib("inflate", bits))).toEqual([42, 14, 11, 11]);
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
