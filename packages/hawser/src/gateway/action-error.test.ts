import { expect, it } from "vitest";
import { wireErrors } from "../messages/index.js";
import { ActionError } from "./action-error.js";

it("goes to the wire as it is", () => {
  const cause = new Error("below");
  const error = new ActionError("MARKET_CLOSED", "opens at 9", {
    temporary: true,
    retryAfterMs: 5,
    issues: [{ message: "m", path: ["a"] }],
    cause,
  });
  expect(error).toMatchObject({ name: "ActionError", message: "opens at 9", cause });
  expect(error.toWire()).toEqual({
    code: "MARKET_CLOSED",
    message: "opens at 9",
    temporary: true,
    retryAfterMs: 5,
    issues: [{ message: "m", path: ["a"] }],
  });
  expect(new ActionError("A", "b").toWire()).toEqual({ code: "A", message: "b", temporary: false });
});

it("is temporary where the protocol's table says so", () => {
  const expected = Object.entries(wireErrors).map(([code, { temporary }]) => [code, temporary === true]);
  expect(Object.keys(wireErrors).map((code) => [code, new ActionError(code, "").temporary])).toEqual(expected);
  expect(new ActionError("TIMEOUT", "", { temporary: false }).temporary).toBe(false);
});

it.each(["", "lower", "WITH SPACE", "1A", "_A", "A-B", "A".repeat(65), "Ä", 7])("has no code like %j", (code) => {
  expect(() => new ActionError(code as string, "")).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error,
  );
});

it.each([-1, Number.NaN, Infinity, "5"])("has no retryAfterMs like %s", (retryAfterMs) => {
  expect(() => new ActionError("A", "", { retryAfterMs: retryAfterMs as number })).toThrow("retryAfterMs is");
});
