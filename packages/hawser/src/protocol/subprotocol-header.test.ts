import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { areProtocols, parseProtocols } from "./subprotocol-header.js";

describe("Sec-WebSocket-Protocol", () => {
  it("keeps the client's order", () => {
    expect(parseProtocols("chat, superchat\t,v2.example")).toEqual(["chat", "superchat", "v2.example"]);
  });

  it("tells names apart by case", () => {
    expect(parseProtocols("a,A")).toEqual(["a", "A"]);
  });

  it.each(["", " ", ",", "a,", ",a", "a,,b", "a b", "a;b", '"a"', "a/b", "a, é", "a\0"])(
    "REL-B19 may not be %j",
    (value) => {
      expect(parseProtocols(value)).toBeUndefined();
    },
  );

  it("REL-B19 may not repeat a name", () => {
    expect(parseProtocols("a, b, a")).toBeUndefined();
  });

  it("REL-B19 may hold 1,000 names", () => {
    const names = Array.from({ length: 1000 }, (_, index) => `p${index}`);
    expect(parseProtocols(names.join(","))).toEqual(names);
  });

  it("REL-B20 takes __proto__ and constructor for names", () => {
    expect(parseProtocols("__proto__,constructor")).toEqual(["__proto__", "constructor"]);
  });

  it("is read as it was written", () => {
    const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(token, { minLength: 1, maxLength: 50 }),
        fc.constantFrom(",", ", ", "\t,\t "),
        (names, comma) => {
          expect(parseProtocols(names.join(comma))).toEqual(names);
        },
      ),
    );
  });

  it("gives tokens or nothing for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 50 }), (value) => {
        expect(areProtocols(parseProtocols(value) ?? [])).toBe(true);
      }),
    );
  });
});
