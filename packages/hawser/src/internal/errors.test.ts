import { describe, expect, it } from "vitest";
import { errorCodes } from "./error-codes.js";
import { ConnectionError, HawserError, ProtocolError, UsageError } from "./errors.js";

describe("the error classes", () => {
  it.each([
    [new UsageError("INVALID_ARGUMENT", "bad"), "UsageError", "INVALID_ARGUMENT"],
    [new ProtocolError("OPCODE_RESERVED", 1002, "bad"), "ProtocolError", "OPCODE_RESERVED"],
    [new ConnectionError("CONNECTION_LOST", "bad"), "ConnectionError", "CONNECTION_LOST"],
    [new HawserError("TIMEOUT", "bad"), "HawserError", "TIMEOUT"],
  ])("%s has its name, its code and the common base", (error, name, code) => {
    expect(error).toBeInstanceOf(HawserError);
    expect(error).toBeInstanceOf(Error);
    expect({ name: error.name, code: error.code, message: error.message }).toEqual({ name, code, message: "bad" });
    expect(String(error)).toBe(`${name}: bad`);
    expect(error.stack).toContain(`${name}: bad`);
  });

  it("carries the facts and the cause", () => {
    const cause = new Error("below");
    const error = new ConnectionError("CONNECT_FAILED", "bad", { facts: { port: 80 }, cause });
    expect(error.facts).toEqual({ port: 80 });
    expect(error.cause).toBe(cause);
  });

  it("has no facts and no cause unless given", () => {
    const error = new UsageError("INVALID_STATE", "bad");
    expect(error.facts).toEqual({});
    expect("cause" in error).toBe(false);
  });

  it("keeps a cause that is undefined, for it was thrown", () => {
    expect("cause" in new UsageError("INVALID_STATE", "bad", { cause: undefined })).toBe(true);
  });

  it("says how a protocol fault is answered", () => {
    expect(new ProtocolError("MESSAGE_TOO_BIG", 1009, "bad", { facts: { size: 5 } })).toMatchObject({
      closeCode: 1009,
      facts: { size: 5 },
    });
  });
});

it("has a meaning for every code: one line, lower case, no full stop", () => {
  for (const [code, meaning] of Object.entries(errorCodes)) {
    expect(code).toMatch(/^[A-Z\d]+(_[A-Z\d]+)*$/);
    expect(meaning).toMatch(/^[a-z].*[^.]$/);
  }
});
