import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRequest } from "./decode-request.js";
import type { DecodedRequest } from "./decode-request.js";
import { EnvelopeFault } from "./envelope-fault.js";
import { findJsonFault } from "./json-guard.js";

const empty = {
  pid: undefined,
  data: undefined,
  channel: undefined,
  event: undefined,
  key: undefined,
  session: undefined,
  resume: undefined,
};

describe("a request", () => {
  it("has each field in its place, and nothing else", () => {
    expect(
      decodeRequest(
        '{"pid":"1","action":"publish","data":[1],"channel":"c","event":"e","key":"k","session":"s","resume":"r","more":1}',
      ),
    ).toStrictEqual({
      pid: "1",
      action: "publish",
      data: [1],
      channel: "c",
      event: "e",
      key: "k",
      session: "s",
      resume: "r",
    });
  });

  it("needs no more than an action", () => {
    expect(decodeRequest('{"action":"a"}')).toStrictEqual({ ...empty, action: "a" });
  });

  it("has null for what is absent", () => {
    const text =
      '{"pid":null,"action":"a","data":null,"channel":null,"event":null,"key":null,"session":null,"resume":null}';
    expect(decodeRequest(text)).toStrictEqual({ ...empty, action: "a" });
  });

  it.each(["false", "0", '""', "[]"])("keeps data that is %s", (data) => {
    expect(decodeRequest(`{"action":"a","data":${data}}`)).toMatchObject({ data: JSON.parse(data) as unknown });
  });

  it("may be written as .NET's serializers do; lower case holds where both are there", () => {
    expect(decodeRequest('{"Pid":"1","Action":"a","Data":{"A":1}}')).toStrictEqual({
      ...empty,
      pid: "1",
      action: "a",
      data: { A: 1 },
    });
    expect(decodeRequest('{"Pid":"2","pid":"1","action":"a","Action":"b","Data":2,"data":1}')).toMatchObject({
      pid: "1",
      action: "a",
      data: 1,
    });
  });

  it("has the last of duplicate keys, as JSON.parse does", () => {
    expect(decodeRequest('{"action":"a","action":"b"}')).toMatchObject({ action: "b" });
  });

  it("is nothing to do when it answers a request that was not made", () => {
    expect(decodeRequest('{"pid":"1","actionAck":"a","status":1}')).toBeNull();
  });
});

describe("a pid", () => {
  it.each(["x", "x".repeat(128), "ü".repeat(64), "€".repeat(42), "😀".repeat(32)])("may be %s", (pid) => {
    expect(decodeRequest(JSON.stringify({ pid, action: "a" }))).toMatchObject({ pid });
  });

  it.each(["", "x".repeat(129), "ü".repeat(65), "€".repeat(43), "😀".repeat(33)])("may not be %s", (pid) => {
    expect(decodeRequest(JSON.stringify({ pid, action: "a" }))).toEqual(
      new EnvelopeFault("pid is not a string of 1 to 128 bytes", { isAnswered: true, action: "a" }),
    );
  });
});

describe("faults", () => {
  it.each(["", "hello", "{", '{"action":"a"', "[1,2]", "1", '"text"', "null", "true", "{'action':'a'}"])(
    "%s is not answered",
    (text) => {
      expect(decodeRequest(text)).toMatchObject({ isAnswered: false, pid: undefined });
    },
  );

  it.each([
    ["neither action nor actionAck", '{"pid":"1"}', undefined],
    ["an action that is a number", '{"pid":"1","action":1}', undefined],
    ["an empty action", '{"pid":"1","action":""}', undefined],
    ["an action of 129 characters", JSON.stringify({ pid: "1", action: "a".repeat(129) }), undefined],
    ["a channel that is an object", '{"pid":"1","action":"a","channel":{}}', "a"],
    ["an event that is empty", '{"pid":"1","action":"a","event":""}', "a"],
    ["a key that is a list", '{"pid":"1","action":"a","key":[]}', "a"],
    ["a session that is a number", '{"pid":"1","action":"a","session":1}', "a"],
    ["a resume that is true", '{"pid":"1","action":"a","resume":true}', "a"],
    ["a number that would be rounded", '{"pid":"1","action":"a","data":9007199254740993}', "a"],
    ["nesting", `{"pid":"1","action":"a","data":${"[".repeat(32)}${"]".repeat(32)}}`, "a"],
  ])("%s is answered with the pid", (_name, text, action) => {
    expect(decodeRequest(text)).toMatchObject({ isAnswered: true, pid: "1", action });
  });

  it("REL-D10 64 KiB of nesting are answered like less, and do not overflow", () => {
    const levels = 32_000;
    const text = `{"pid":"1","action":"a","data":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    expect(decodeRequest(text)).toMatchObject({ isAnswered: true, pid: "1", action: "a" });
  });

  it("REL-D10 what is longer than that is not parsed for its pid", () => {
    const levels = 100_000;
    const text = `{"pid":"1","action":"a","data":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    expect(decodeRequest(text)).toMatchObject({ isAnswered: true, pid: undefined });
  });
});

describe("keys of the prototype", () => {
  it("REL-E17 an own __proto__ gives a message no fields", () => {
    const text = '{"action":"a","__proto__":{"pid":"1","channel":"c"},"constructor":{"prototype":{"key":"k"}}}';
    expect(decodeRequest(text)).toStrictEqual({ ...empty, action: "a" });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("REL-E17 in data it stays the application's own key", () => {
    const request = decodeRequest('{"action":"a","data":{"__proto__":{"admin":true}}}') as DecodedRequest;
    expect(Object.hasOwn(request.data as object, "__proto__")).toBe(true);
    expect((request.data as { admin?: boolean }).admin).toBeUndefined();
  });
});

it("REL-E18 whatever the types, the answer is a request of the right types or a fault", () => {
  const keys = [
    "pid",
    "Pid",
    "action",
    "Action",
    "data",
    "channel",
    "event",
    "key",
    "session",
    "resume",
    "actionAck",
    "status",
  ];
  const message = fc.dictionary(
    fc.constantFrom(...keys, "__proto__", "toString", "error"),
    fc.jsonValue({ maxDepth: 3 }),
  );
  fc.assert(
    fc.property(message, (value) => {
      const decoded = decodeRequest(JSON.stringify(value));
      if (decoded === null || decoded instanceof EnvelopeFault) return;
      const { data: _data, action, ...rest } = decoded;
      expect(typeof action).toBe("string");
      for (const field of Object.values(rest)) expect(["string", "undefined"]).toContain(typeof field);
    }),
  );
});

it("REL-E18 any text at all is a request, a fault, or nothing to do: never a throw", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((text) => text.slice(1)),
      ),
      (text) => {
        const decoded = decodeRequest(text);
        expect(decoded === null || decoded instanceof EnvelopeFault || typeof decoded.action === "string").toBe(true);
      },
    ),
  );
});

it("reads whatever a client writes", () => {
  const name = fc.string({ minLength: 1, maxLength: 30 });
  const some = fc.option(name, { nil: undefined });
  const data = fc.option(
    fc.jsonValue({ maxDepth: 3 }).filter((value) => value !== null),
    { nil: undefined },
  );
  const request = fc.record({
    action: name,
    pid: some,
    data,
    channel: some,
    event: some,
    key: some,
    session: some,
    resume: some,
  });
  fc.assert(
    fc.property(request, (message) => {
      const text = JSON.stringify(message);
      fc.pre(findJsonFault(text, Infinity) === undefined);
      expect(decodeRequest(text)).toEqual(normalize(message));
    }),
  );
});

/** As it comes out of JSON: -0 is 0. */
function normalize<T>(message: T): T {
  return JSON.parse(JSON.stringify(message)) as T;
}
