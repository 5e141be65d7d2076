import { expect, it } from "vitest";
import { createVirtualRuntime } from "../../testing/index.js";
import { LogBudget, MAX_LINES_PER_SECOND } from "./log-budget.js";

function takeMany(budget: LogBudget, count: number): number {
  return Array.from({ length: count }, () => budget.take()).filter(Boolean).length;
}

it("lets so many lines pass in a second, and tells how many more there were", async () => {
  const runtime = createVirtualRuntime();
  const told: number[] = [];
  const budget = new LogBudget(runtime, (count) => told.push(count));
  expect(takeMany(budget, 1000)).toBe(MAX_LINES_PER_SECOND);
  expect(told).toEqual([]);
  await runtime.clock.advance(1000);
  expect(told).toEqual([1000 - MAX_LINES_PER_SECOND]);
  expect(takeMany(budget, 5)).toBe(5);
  await runtime.clock.advance(5000);
  expect(told).toHaveLength(1);
  expect(runtime.wheel.size).toBe(0);
});

it("tells at once when it is asked to, and never twice", async () => {
  const runtime = createVirtualRuntime();
  const told: number[] = [];
  const budget = new LogBudget(runtime, (count) => told.push(count));
  takeMany(budget, MAX_LINES_PER_SECOND + 2);
  budget.flush();
  budget.flush();
  await runtime.clock.advance(2000);
  expect(told).toEqual([2]);
  expect(runtime.wheel.size).toBe(0);
});
