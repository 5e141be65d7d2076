import { expect, it } from "vitest";
import { Tally } from "./tally.js";

it("gives as many places as its limit, and counts those beyond apart", () => {
  const tally = new Tally(2);
  expect([tally.enter(), tally.enter(), tally.hasRoom, tally.enter()]).toEqual([true, true, false, false]);
  expect([tally.size, tally.beyond]).toEqual([3, 1]);
});

it("gives a free place to one that is beyond", () => {
  const tally = new Tally(1);
  tally.enter();
  tally.enter();
  expect(tally.promote()).toBe(false);
  tally.leave(true);
  expect([tally.promote(), tally.beyond, tally.size]).toEqual([true, 0, 1]);
});

it("counts down what leaves", () => {
  const tally = new Tally(1);
  tally.enter();
  tally.enter();
  tally.leave(false);
  tally.leave(true);
  expect([tally.size, tally.beyond, tally.hasRoom]).toEqual([0, 0, true]);
});
