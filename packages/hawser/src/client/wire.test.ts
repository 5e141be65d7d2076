import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRequest, encodePush, encodeResponse } from "../messages/index.js";
import { parseIncoming, toJson, toWireError } from "./wire.js";

const text = fc.string({ minLength: 1, maxLength: 20 });
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const error = fc.record({ code: text, message: fc.string(), temporary: fc.boolean() });

describe("the client's own codec", () => {
  it("reads what a gateway writes", () => {
    const fields = {
      actionAck: text,
      status: fc.constantFrom(0 as const, 1 as const),
      data: fc.constantFrom(undefined, 1, "two", [3], { four: 4 }),
      error: optional(error),
      channel: optional(text),
      session: optional(text),
      resume: optional(text),
    };
    fc.assert(
      fc.property(fc.record({ pid: optional(text), key: optional(text), ...fields }), ({ pid, key, ...message }) => {
        const json =
          pid === undefined ? encodePush({ ...message, key }) : encodeResponse({ ...message, pid, resumed: false });
        const written = pid === undefined ? { ...message, key } : { ...message, pid };
        expect(parseIncoming(json)).toEqual({ ...written, resumed: false });
      }),
    );
  });

  it("writes what a gateway reads", () => {
    const message = { pid: "p", action: "publish", channel: "a", event: "e", key: "k", data: { x: 1 } };
    expect(decodeRequest(toJson(message))).toMatchObject(message);
    expect(toJson({ action: "a", data: undefined })).toBe('{"action":"a"}');
  });

  it("throws nothing, whatever comes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (json) => {
        expect(() => parseIncoming(json)).not.toThrow();
      }),
    );
    const hostile = '{"toString":1,"valueOf":2,"__proto__":{"code":3}}';
    const keys = ["pid", "action", "actionAck", "status", "channel", "key", "session", "error", "channels", "resumed"];
    for (const key of keys) {
      expect(() => parseIncoming(`{"actionAck":"a","${key}":${hostile}}`)).not.toThrow();
      expect(() => parseIncoming(`{"actionAck":"a","error":{"${key}":${hostile}}}`)).not.toThrow();
    }
    expect(toWireError(JSON.parse(`{"code":${hostile},"message":${hostile},"retryAfterMs":${hostile}}`))).toEqual({
      code: "INTERNAL",
      message: "",
      temporary: false,
    });
  });

  it("takes what is none of the kind that it should be for absent", () => {
    expect(
      parseIncoming('{"actionAck":"a","channel":1,"session":{},"channels":"x","resumed":1,"pid":2}'),
    ).toMatchObject({
      pid: undefined,
      channel: undefined,
      session: undefined,
      channels: undefined,
      resumed: false,
      status: 1,
    });
  });

  it("prefers the lower-case form where both are there", () => {
    expect(parseIncoming('{"ActionAck":"B","actionAck":"a","Data":2,"Status":false}')).toMatchObject({
      actionAck: "a",
      data: 2,
      status: 0,
    });
  });
});
