import { expect, it } from "vitest";
import { redactUrl, stripControls, toOneLine } from "./plain-text.js";

it("strips escape sequences' controls, and keeps newline, tab and letters of any script", () => {
  expect(stripControls("a\u001b[31mb\u0000\u0007\u007f\u0085\u009bc\r\nd\te⚓é")).toBe("a[31mbc\nd\te⚓é");
});

it("strips what turns the direction of writing, and the separators of lines and paragraphs", () => {
  expect(stripControls("a\u202Eb\u2066c\u200Fd\u061Ce\u2028f\u2029g")).toBe("abcdefg");
});

it("puts a text on one line, cut between characters", () => {
  expect(toOneLine("  one\r\n two\tthree ", 100)).toBe("one two three");
  expect(toOneLine("⚓🚢⚓🚢", 2)).toBe("⚓🚢…");
});

it.each([
  ["/echo?token=abc", "/echo?…"],
  ["/echo", "/echo"],
  ["wss://me:secret@example.com/a?b", "wss://…@example.com/a?…"],
])("redacts %s to %s", (url, redacted) => {
  expect(redactUrl(url)).toBe(redacted);
});
