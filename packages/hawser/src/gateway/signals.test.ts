import { expect, it } from "vitest";
import { checkTarget, formatSignal, parseSignal } from "./signals.js";
import type { GatewaySignal } from "./signals.js";

it.each<[string, GatewaySignal]>([
  ["a push to a user", { do: "send", to: { user: 'a"\n{' }, text: '{"actionAck":"a\\n","status":1}' }],
  ["a push to a session", { do: "send", to: { session: "s" }, text: "" }],
  ["a push to everyone", { do: "send", to: "everyone", text: "line\nline" }],
  ["a kick", { do: "kick", to: { user: "ann" }, code: 4403, reason: "no\nmore" }],
])("reads %s as it was written", (_name, signal) => {
  expect(parseSignal(formatSignal(signal))).toEqual(signal);
});

it.each([
  "",
  "x",
  "null",
  "[]",
  "{}",
  '{"do":"send","to":"everyone"}',
  '{"do":"send","to":"someone"}\nx',
  '{"do":"send","to":{"user":1}}\nx',
  '{"do":"send","to":{"user":"a","session":"b"}}\nx',
  '{"do":"kick","to":"everyone","code":4403,"reason":""}',
  '{"do":"kick","to":{"user":"a"},"code":"4403","reason":""}',
  '{"do":"kick","to":{"user":"a"},"code":4403}',
  '{"do":"dance","to":{"user":"a"}}\nx',
])("does not know %j", (payload) => {
  expect(parseSignal(payload)).toBeUndefined();
});

it("takes over no more of a target than it is", () => {
  expect(checkTarget({ user: "ann", more: 1 })).toEqual({ user: "ann" });
  expect(() => checkTarget({})).toThrow("the target is object");
});
