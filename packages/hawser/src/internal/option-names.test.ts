import { expect, it } from "vitest";
import { checkOptionNames } from "./option-names.js";

const known = ["maxMessageBytes", "heartbeat", "port"];

it("accepts the names it knows, and no options at all", () => {
  expect(() => checkOptionNames("connect", { port: 1, heartbeat: undefined }, known)).not.toThrow();
  expect(() => checkOptionNames("connect", {}, known)).not.toThrow();
});

it.each([
  ["maxMesageBytes", "maxMessageBytes"],
  ["MAXMESSAGEBYTES", "maxMessageBytes"],
  ["hartbeat", "heartbeat"],
])("refuses %s and asks whether %s was meant", (name, nearest) => {
  expect(() => checkOptionNames("connect", { [name]: 1 }, known)).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: `connect has no option ${name}: did you mean ${nearest}?`,
    }),
  );
});

it("lists the known names where none is near", () => {
  expect(() => checkOptionNames("connect", { colour: 1 }, known)).toThrow(
    /known are maxMessageBytes, heartbeat, port$/,
  );
});

it.each([
  [null, "null"],
  [[1], "an array"],
  ["text", "string"],
])("refuses %j in the place of options", (given, kind) => {
  expect(() => checkOptionNames("connect", given, known)).toThrow(`connect is ${kind}: expected an object of options`);
});
