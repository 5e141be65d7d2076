import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fifo } from "./fifo.js";

describe("a Fifo", () => {
  it("is empty at first", () => {
    const fifo = new Fifo<number>();
    expect([fifo.size, fifo.peek(), fifo.shift(), fifo.size]).toEqual([0, undefined, undefined, 0]);
  });

  it("keeps the order over the ring's seam", () => {
    const fifo = new Fifo<number>();
    for (const item of [1, 2, 3, 4]) fifo.push(item);
    const before = [fifo.shift(), fifo.shift(), fifo.shift()];
    for (const item of [5, 6, 7, 8]) fifo.push(item);
    const after = [fifo.shift(), fifo.shift(), fifo.shift(), fifo.shift(), fifo.shift(), fifo.shift()];
    expect([before, after]).toEqual([
      [1, 2, 3],
      [4, 5, 6, 7, 8, undefined],
    ]);
  });

  it("can be used again after it was long, and after clear", () => {
    const fifo = new Fifo<number>();
    for (let item = 0; item < 1000; item++) fifo.push(item);
    while (fifo.size > 0) fifo.shift();
    fifo.push(1);
    fifo.clear();
    fifo.push(2);
    expect([fifo.shift(), fifo.size]).toEqual([2, 0]);
  });

  it("lets go of what was taken out", () => {
    const items = [{ name: "a" }, { name: "b" }];
    const fifo = new Fifo<object>();
    for (const item of items) fifo.push(item);
    fifo.shift();
    expect(fifo.remove(() => true)).toEqual([{ name: "b" }]);
    expect(fifo.peek()).toBeUndefined();
  });

  it("does what an array does", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        for (const { onFifo, onArray } of steps) {
          expect(onFifo(fifo)).toEqual(onArray(model));
          expect([fifo.size, fifo.peek()]).toEqual([model.length, model[0]]);
        }
      }),
    );
  });
});

/** The same act on both; what each returns must be equal. */
interface Step {
  readonly onFifo: (fifo: Fifo<number>) => unknown;
  readonly onArray: (model: number[]) => unknown;
}

const push = fc.nat(9).map((item): Step => ({
  onFifo: (fifo) => fifo.push(item),
  onArray: (model) => void model.push(item),
}));
const shift = fc.constant<Step>({ onFifo: (fifo) => fifo.shift(), onArray: (model) => model.shift() });
const remove = fc.nat(9).map((item): Step => ({
  onFifo: (fifo) => fifo.remove((other) => other === item),
  onArray: (model) => {
    const kept = model.filter((other) => other !== item);
    const removed = model.filter((other) => other === item);
    model.splice(0, Infinity, ...kept);
    return removed;
  },
}));
const fill = fc.nat(100).map((count): Step => {
  const items = Array.from({ length: count }, (_, index) => index);
  return { onFifo: (fifo) => items.forEach((item) => fifo.push(item)), onArray: (model) => void model.push(...items) };
});
const drain = fc.constant<Step>({
  onFifo: (fifo) => Array.from({ length: fifo.size }, () => fifo.shift()),
  onArray: (model) => model.splice(0),
});
const clear = fc.constant<Step>({ onFifo: (fifo) => fifo.clear(), onArray: (model) => void model.splice(0) });

const step = fc.oneof(
  { weight: 5, arbitrary: push },
  { weight: 4, arbitrary: shift },
  { weight: 1, arbitrary: remove },
  { weight: 1, arbitrary: fill },
  { weight: 1, arbitrary: drain },
  { weight: 1, arbitrary: clear },
);
