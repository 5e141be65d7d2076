import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeServerMessage } from "./decode-server-message.js";
import type { ServerMessage } from "./decode-server-message.js";
import { encodeDone, encodePush, encodeRefusal, encodeResponse } from "./encode.js";

it("reads a response", () => {
  expect(decodeServerMessage('{"pid":"1","actionAck":"login","status":1,"data":{"user":"demo"}}')).toEqual({
    type: "response",
    message: { pid: "1", actionAck: "login", status: 1, data: { user: "demo" } },
  });
});

it("reads all fields of a response", () => {
  const message = {
    pid: "1",
    actionAck: "login",
    status: 1,
    session: "s",
    resume: "r",
    resumed: true,
    channels: ["a", "b"],
    channel: "c",
  } as const;
  expect(decodeServerMessage(encodeResponse(message))).toEqual({ type: "response", message });
});

it("reads a refusal", () => {
  const error = {
    code: "INVALID_DATA",
    message: "bad",
    temporary: true,
    retryAfterMs: 5,
    issues: [{ message: "m", path: ["a", 1] }],
  };
  expect(decodeServerMessage(encodeRefusal("1", "a", error))).toEqual({
    type: "response",
    message: { pid: "1", actionAck: "a", status: 0, error },
  });
});

it("reads a push, and a publication", () => {
  expect(decodeServerMessage('{"actionAck":"addDeal","status":1,"data":1}')).toEqual({
    type: "push",
    message: { actionAck: "addDeal", status: 1, data: 1 },
  });
  const publication = { actionAck: "message", status: 1, channel: "deals:LLG", key: "k", data: {} } as const;
  expect(decodeServerMessage(encodePush(publication))).toEqual({ type: "push", message: publication });
});

it("reads what .NET's serializers write", () => {
  expect(decodeServerMessage('{"Pid":"1","ActionAck":"a","Status":true,"Data":null}')).toEqual({
    type: "response",
    message: { pid: "1", actionAck: "a", status: 1 },
  });
  expect(decodeServerMessage('{"actionAck":"a","status":false}')).toMatchObject({ message: { status: 0 } });
});

it("knows a request of the server", () => {
  expect(decodeServerMessage('{"pid":"1","action":"ask","data":1}')).toMatchObject({
    type: "request",
    message: { pid: "1", action: "ask", data: 1 },
  });
});

it("takes a refusal that answers a message without action, and one with words missing", () => {
  expect(decodeServerMessage('{"status":0,"error":{"code":"BAD_REQUEST"}}')).toEqual({
    type: "push",
    message: { actionAck: "", status: 0, error: { code: "BAD_REQUEST", message: "", temporary: false } },
  });
  expect(decodeServerMessage('{"pid":"1","error":{"code":7,"issues":[1,{"path":[{}]}]}}')).toMatchObject({
    type: "response",
    message: { status: 0, error: { code: "INTERNAL", issues: [{ message: "", path: [] }] } },
  });
});

it("takes more keys than a request may have", () => {
  const data = Array.from({ length: 2000 }, (_, index) => ({ index }));
  expect(decodeServerMessage(encodeDone("1", "a", data))).toMatchObject({ type: "response" });
});

it.each([
  ["not JSON", "hello", undefined],
  ["a list", "[]", undefined],
  ["neither action nor actionAck", '{"pid":"1","status":1}', "1"],
  ["a status of 2", '{"pid":"1","actionAck":"a","status":2}', "1"],
  ["a status that is a text", '{"pid":"1","actionAck":"a","status":"1"}', "1"],
  ["an actionAck that is a number", '{"pid":"1","actionAck":1,"status":1}', "1"],
  ["a pid that is a number", '{"pid":1,"actionAck":"a","status":1}', undefined],
  ["an error that is a text", '{"pid":"1","actionAck":"a","status":0,"error":"no"}', "1"],
  ["a channel that is a number", '{"pid":"1","actionAck":"a","status":1,"channel":1}', "1"],
  ["resumed that is a text", '{"pid":"1","actionAck":"a","status":1,"resumed":"yes"}', "1"],
  ["channels that are no texts", '{"pid":"1","actionAck":"a","status":1,"channels":[1]}', "1"],
  ["a number that would be rounded", '{"pid":"1","actionAck":"a","status":1,"data":9007199254740993}', "1"],
  ["an action that is a number", '{"pid":"1","action":1}', "1"],
])("calls %s a fault", (_name, text, pid) => {
  expect(decodeServerMessage(text)).toMatchObject({ type: "fault", fault: { pid } });
});

it("REL-E18 any text at all is one of the four", () => {
  const keys = [
    "pid",
    "actionAck",
    "action",
    "status",
    "data",
    "error",
    "channel",
    "key",
    "session",
    "resume",
    "resumed",
    "channels",
  ];
  const message = fc
    .dictionary(fc.constantFrom(...keys, "__proto__"), fc.jsonValue({ maxDepth: 3 }))
    .map((it) => JSON.stringify(it));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), message), (text) => {
      const decoded: ServerMessage = decodeServerMessage(text);
      expect(["response", "push", "request", "fault"]).toContain(decoded.type);
    }),
  );
});
