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
