import { expect, it } from "vitest";
import { SlicedWork } from "./sliced-work.js";

it("gives a place on to the one who waits longest, also when work fails", async () => {
  const work = new SlicedWork(1, setImmediate);
  const order: string[] = [];
  const run = (name: string, slices: number): Promise<void> =>
    work.run(() => {
      order.push(name);
      if (name === "b") throw new Error("broken");
      return --slices === 0;
    });
  const all = [run("a", 2), run("b", 1), run("c", 2), run("d", 1)];
  expect(work.full).toBe(true);

  const settled = await Promise.allSettled(all);

  expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(order).toEqual(["a", "a", "b", "c", "c", "d"]);
  expect(work.full).toBe(false);
});

it("takes a turn before every slice", async () => {
  let turns = 0;
  const work = new SlicedWork(10, (callback) => {
    turns++;
    callback();
  });
  let slices = 0;
  await work.run(() => ++slices === 5);

  expect(turns).toBe(5);
});
