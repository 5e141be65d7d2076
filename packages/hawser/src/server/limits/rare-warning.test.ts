import { expect, it } from "vitest";
import { VirtualClock } from "../../testing/index.js";
import { RareWarning } from "./rare-warning.js";

it("is told at once, then once in ten seconds with the number of reasons since", async () => {
  const clock = new VirtualClock();
  const told: number[] = [];
  const warning = new RareWarning(clock, (count) => told.push(count));
  warning.note();
  warning.note();
  await clock.advance(9_999);
  warning.note();
  expect(told).toEqual([1]);
  await clock.advance(1);
  warning.note();
  expect(told).toEqual([1, 3]);
});
