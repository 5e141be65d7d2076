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
    const command = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant("push" as const), item: fc.nat(9) }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant("shift" as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), item: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("fill" as const), count: fc.nat(100) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("drain" as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const) }) },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const fifo = new Fifo<number>();
        let model: number[] = [];
        for (const step of commands) {
          switch (step.do) {
            case "push":
              fifo.push(step.item);
              model.push(step.item);
              break;
            case "shift":
              expect(fifo.shift()).toBe(model.shift());
              break;
            case "remove":
              expect(fifo.remove((item) => item === step.item)).toEqual(model.filter((item) => item === step.item));
              model = model.filter((item) => item !== step.item);
              break;
            case "fill":
              for (let item = 0; item < step.count; item++) fifo.push(item);
              for (let item = 0; item < step.count; item++) model.push(item);
              break;
            case "drain":
              while (model.length > 0) expect(fifo.shift()).toBe(model.shift());
              break;
            case "clear":
              fifo.clear();
              model = [];
              break;
          }
          expect([fifo.size, fifo.peek()]).toEqual([model.length, model[0]]);
        }
      }),
    );
  });
});
