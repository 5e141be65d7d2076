import { expect, it } from "vitest";
import { Ledger } from "./ledger.js";

it("counts the bytes and the connections of all", () => {
  const ledger = new Ledger();
  ledger.open();
  ledger.open();
  ledger.add(100);
  ledger.add(20);
  ledger.add(-100);
  ledger.close();
  expect([ledger.bytes, ledger.connections]).toEqual([20, 1]);
});

it("is empty at first", () => {
  const ledger = new Ledger();
  expect([ledger.bytes, ledger.connections]).toEqual([0, 0]);
});

it("charges a sum for each open connection", () => {
  const ledger = new Ledger();
  ledger.open();
  ledger.open();
  ledger.add(10);
  expect(ledger.chargedBytes).toBe(2 * 8192 + 10);
});

it("tells a watcher whenever more is charged and its limit is exceeded, until the watch ends", () => {
  const ledger = new Ledger();
  const told: string[] = [];
  const endLow = ledger.watch({ limitBytes: 10_000, onExceeded: () => told.push(`low ${ledger.chargedBytes}`) });
  ledger.watch({ limitBytes: 20_000, onExceeded: () => told.push(`high ${ledger.chargedBytes}`) });
  ledger.open();
  ledger.add(1808);
  expect(told).toEqual([]);
  ledger.add(1);
  ledger.add(-1);
  ledger.open();
  ledger.add(2000);
  expect(told).toEqual(["low 10001", "low 18192", "low 20192", "high 20192"]);
  endLow();
  ledger.add(1);
  expect(told.slice(4)).toEqual(["high 20193"]);
});
