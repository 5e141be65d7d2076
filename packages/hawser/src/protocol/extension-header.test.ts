import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { formatExtensions, parseExtensions } from "./extension-header.js";
import { isToken } from "./header-text.js";

describe("Sec-WebSocket-Extensions", () => {
  it("names extensions in order, each with its parameters", () => {
    expect(parseExtensions("foo, bar; baz=2; qux , foo;a")).toEqual([
      { name: "foo", parameters: new Map() },
      {
        name: "bar",
        parameters: new Map<string, (string | true)[]>([
          ["baz", ["2"]],
          ["qux", [true]],
        ]),
      },
      { name: "foo", parameters: new Map([["a", [true]]]) },
    ]);
  });

  it("keeps every value of a parameter that comes again", () => {
    expect(parseExtensions("foo; a=1; a; a=2")?.[0]?.parameters.get("a")).toEqual(["1", true, "2"]);
  });

  it("unescapes a quoted value that is a token", () => {
    expect(parseExtensions('foo; a="1\\0"; b="x"')?.[0]?.parameters).toEqual(
      new Map([
        ["a", ["10"]],
        ["b", ["x"]],
      ]),
    );
  });

  it("allows white space around every separator", () => {
    expect(parseExtensions(' foo\t; a = 1 ;\tb=\t"2" , bar ')).toEqual(parseExtensions("foo;a=1;b=2,bar"));
  });

  it("skips empty elements of the list", () => {
    expect(parseExtensions(", foo,, bar ,")).toEqual(parseExtensions("foo,bar"));
  });

  it("REL-B20 takes constructor and __proto__ for names like any other", () => {
    const [offer] = parseExtensions("constructor; __proto__=1; toString") ?? [];
    expect(offer?.name).toBe("constructor");
    expect([...(offer?.parameters ?? [])]).toEqual([
      ["__proto__", ["1"]],
      ["toString", [true]],
    ]);
  });

  it.each([
    "",
    " ",
    ",",
    ";",
    "foo;",
    "foo; ;a",
    "foo;=1",
    "foo; a=",
    "foo; a=,bar",
    "foo bar",
    "foo; a b",
    "foo; a=1 2",
    "foo=1",
    'foo; a="',
    'foo; a="b',
    'foo; a="b\\',
    'foo; a="b\\"',
    'foo; a=""',
    'foo; a="b c"',
    'foo; a="b,c"',
    'foo; a="b"c',
    '"foo"',
    "foo; a=é",
    "foo\0",
    "foo/1",
  ])("REL-B20 may not be %j", (value) => {
    expect(parseExtensions(value)).toBeUndefined();
  });

  it("is read as it was written", () => {
    const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
    const value = fc.oneof(token, fc.constant<true>(true));
    const parameters = fc
      .uniqueArray(fc.tuple(token, fc.array(value, { minLength: 1, maxLength: 3 })), {
        selector: ([name]) => name,
        maxLength: 5,
      })
      .map((entries) => new Map(entries));
    const offers = fc.array(fc.record({ name: token, parameters }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(offers, (written) => {
        expect(parseExtensions(formatExtensions(written))).toEqual(written);
      }),
    );
  });

  it("REL-B20 gives tokens or nothing for any text", () => {
    const piece = fc.constantFrom("a", "b", ";", "=", ",", '"', "\\", " ", "\t", "é", "__proto__", "\0");
    const anyText = fc.oneof(
      fc.string({ unit: "binary", maxLength: 50 }),
      fc.array(piece, { maxLength: 40 }).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(anyText, (value) => {
        const words = (parseExtensions(value) ?? []).flatMap(({ name, parameters }) => [
          name,
          ...parameters.keys(),
          ...[...parameters.values()].flat().filter((word) => word !== true),
        ]);
        expect(words.every(isToken)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
