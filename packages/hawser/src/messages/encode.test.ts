import { describe, expect, it } from "vitest";
import { encodeDone, encodePush, encodeRefusal, encodeResponse } from "./encode.js";

it("writes the messages of docs/PROTOCOL.md", () => {
  const pid = "43eae41d-7572-444c-b280-b8f8722ce13d";
  expect(encodeDone(pid, "login", { user: "demo" })).toBe(
    `{"pid":"${pid}","actionAck":"login","status":1,"data":{"user":"demo"}}`,
  );
  const error = { code: "LOGIN_REFUSED", message: "no", temporary: false };
  const refusal = `{"pid":"${pid}","actionAck":"login","status":0,"error":{"code":"LOGIN_REFUSED","message":"no","temporary":false}}`;
  expect(encodeRefusal(pid, "login", error)).toBe(refusal);
  expect(encodeResponse({ pid, actionAck: "login", status: 0, error })).toBe(refusal);
  expect(encodePush({ actionAck: "addDeal", status: 1, data: [1] })).toBe(
    '{"actionAck":"addDeal","status":1,"data":[1]}',
  );
});

it("leaves out what is undefined, and what has no JSON", () => {
  expect(encodeDone("1", "a", undefined)).toBe('{"pid":"1","actionAck":"a","status":1}');
  expect(encodeDone("1", "a", () => 1)).toBe('{"pid":"1","actionAck":"a","status":1}');
  expect(encodeRefusal(undefined, undefined, { code: "A", message: "", temporary: true })).toBe(
    '{"status":0,"error":{"code":"A","message":"","temporary":true}}',
  );
});

it.each(['quote " and \\', "line\nbreak", "\u2028", "ü 😀", "\ud800"])("quotes %j wherever it stands", (text) => {
  const push = { actionAck: text, status: 1, channel: text, key: text, session: text, resume: text } as const;
  expect(JSON.parse(encodePush(push))).toEqual(push);
  const response = { pid: text, actionAck: text, status: 1, channel: text, channels: [text] } as const;
  expect(JSON.parse(encodeResponse(response))).toEqual(response);
  expect(JSON.parse(encodeDone(text, text, text))).toEqual({ pid: text, actionAck: text, status: 1, data: text });
});

it("a refusal comes through without issues that cannot be written", () => {
  const error = { code: "A", message: "m", temporary: false, issues: [1n] as never[] };
  expect(encodeRefusal("1", "a", error)).toBe(
    '{"pid":"1","actionAck":"a","status":0,"error":{"code":"A","message":"m","temporary":false}}',
  );
});

describe("data that cannot be written", () => {
  const loop: unknown[] = [];
  loop.push(loop);
  let deep: unknown = [];
  for (let level = 0; level < 200_000; level++) deep = [deep];

  it.each([
    ["a loop", loop],
    ["a bigint", 1n],
    ["REL-D10 nesting without end", deep],
    [
      "a toJSON that throws",
      {
        toJSON: () => {
          throw new Error("no");
        },
      },
    ],
  ])("is the caller's mistake: %s", (_name, data) => {
    for (const encode of [encodePush, encodeResponse]) {
      const message = { pid: "1", actionAck: "a", status: 1, data } as const;
      expect(() => encode(message)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error);
    }
  });
});
