import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { UsageError } from "../internal/errors.js";
import * as text from "./header-text.js";

describe("a token", () => {
  it.each(["a", "websocket", "x-1.2", "!#$%&'*+-.^_`|~", "0"])("may be %j", (token) => {
    expect(text.isToken(token)).toBe(true);
  });

  it.each([
    "",
    " ",
    "a b",
    "a,b",
    "a;",
    'a"',
    "a=b",
    "(a)",
    "a/b",
    "a:b",
    "[a]",
    "{a}",
    "a\0",
    "a\x7f",
    "é",
    "ā",
    "a\n",
  ])("may not be %j", (token) => {
    expect(text.isToken(token)).toBe(false);
  });

  it("has the characters of RFC 9110, and no others of the first 512", () => {
    const characters = Array.from({ length: 512 }, (_, code) => String.fromCharCode(code)).filter(text.isToken);
    expect(characters.join("")).toBe("!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
  });

  it("has no character past the end of a text", () => {
    expect(text.isTokenCharacter("".charCodeAt(0))).toBe(false);
  });
});

describe("a list", () => {
  it("is split at commas, each element without spaces and tabs around it", () => {
    expect(text.splitList("a, \tb c\t ,d")).toEqual(["a", "b c", "d"]);
  });

  it("keeps its empty elements", () => {
    expect(text.splitList("a,, ,b,")).toEqual(["a", "", "", "b", ""]);
  });

  it("holds a token in any case", () => {
    expect(text.hasToken("keep-alive, UpGrade", "upgrade")).toBe(true);
  });

  it("does not hold a part of an element", () => {
    expect(text.hasToken("upgrades, x-upgrade, up grade", "upgrade")).toBe(false);
  });
});

describe("trimming", () => {
  it("takes spaces and tabs and nothing else that Unicode calls white", () => {
    expect(text.trimWhitespace(" \t\u00a0a\v \t")).toBe("\u00a0a\v");
  });

  it("leaves nothing of white space alone", () => {
    expect(text.trimWhitespace(" \t ")).toBe("");
  });
});

describe("a field's value", () => {
  it.each(["", "a b", "a\tb", "\x80\xff", "ä"])("may be %j", (value) => {
    expect(text.isFieldValue(value)).toBe(true);
  });

  it.each(["\0", "\x08", "\n", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e", "\x1f", "\x7f", "\u010a", "\u0100"])(
    "REL-B22 may not hold %j",
    (value) => {
      expect(text.isFieldValue(`a${value}b`)).toBe(false);
    },
  );

  it.each(["a\x85b", "\x80", "\x9f", "\xc2\x85", "\xc2\x9f", "\xff\x85", "\xe2\x82", "\xe9\x85a", "\xf5\x85\x85\x85"])(
    "REL-B22 has a control character beyond ASCII in %j",
    (value) => {
      expect(text.hasWideControl(value)).toBe(true);
    },
  );

  it.each([
    "",
    "a\tb",
    "\xa0\xff",
    "\xe9t\xe9",
    "\xc2\xa0",
    "\xc3\x85",
    "\xe2\x82\x85",
    "\xf0\x9f\x98\x80",
    "\xc3\x9fa",
  ])("REL-B22 has none in %j", (value) => {
    expect(text.hasWideControl(value)).toBe(false);
  });

  it("is ASCII when every character is below 128", () => {
    expect([text.isAscii("~\x7f"), text.isAscii("a\x80")]).toEqual([true, false]);
  });
});

describe("headers of our own", () => {
  const none = (): boolean => false;

  it("are lines that end in CR LF", () => {
    expect(text.formatHeaders({ "X-One": "1", "x-two": "" }, none)).toBe("X-One: 1\r\nx-two: \r\n");
  });

  it.each(["a\r\nSet-Cookie: x", "a\nb", "a\rb", "\0", "\x7f", "ä", "\u010a\u010d"])(
    "REL-B23 are refused with the value %j",
    (value) => {
      expect(() => text.formatHeaders({ "X-One": value }, none)).toThrow(
        expect.objectContaining({ name: "UsageError", code: "INVALID_ARGUMENT", facts: { header: "X-One" } }),
      );
    },
  );

  it.each(["", "a b", "a:", "a\r\nb", "ä"])("REL-B23 are refused with the name %j", (name) => {
    expect(() => text.formatHeaders({ [name]: "1" }, none)).toThrow(/a header's name is not a token/);
  });

  it("have a line for each of several values, and none for no value", () => {
    const headers = { "Set-Cookie": ["a=1", "b=2"], "X-None": [] };
    expect(text.formatHeaders(headers, none)).toBe("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n");
    expect(() => text.formatHeaders({ "X-One": ["1", "2\r\n"] }, none)).toThrow(/must be a string of ASCII/);
  });

  it("are refused when reserved, in any case", () => {
    expect(() => text.formatHeaders({ "X-One": "1" }, (name) => name === "x-one")).toThrow(
      /the header X-One is set by the handshake itself/,
    );
  });

  it("are refused when the value is no string", () => {
    const headers = JSON.parse('{ "X-One": 1 }') as Record<string, string>;
    expect(() => text.formatHeaders(headers, none)).toThrow(/must be a string of ASCII/);
  });

  it("REL-B23 never let a line break of any value through", () => {
    const format = (value: string): string => {
      try {
        return text.formatHeaders({ "X-One": value }, none);
      } catch (error) {
        if (error instanceof UsageError) return "refused\r\n";
        throw error;
      }
    };
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 20 }), (value) => {
        expect(format(value).split(/[\r\n]+/)).toHaveLength(2);
      }),
    );
  });
});
