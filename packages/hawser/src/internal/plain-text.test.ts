import { expect, it } from "vitest";
import { toPlainLine } from "./plain-text.js";

it.each([
  ["ends of lines", "a\r\nb\u2028c\u0085d", "a b c d"],
  ["escape sequences", "go\u001b[2J\u009b31m", "go [2J 31m"],
  ["the direction of writing", "abc\u202Edcba\u2066x\u200F", "abc dcba x "],
  ["nothing of other scripts", "ahoj ⚓ שלום", "ahoj ⚓ שלום"],
])("takes %s out of a text", (_name, text, line) => {
  expect(toPlainLine(text, 100)).toBe(line);
});

it("cuts between characters", () => {
  expect(toPlainLine("⚓🚢⚓🚢", 2)).toBe("⚓🚢…");
  expect(toPlainLine("🚢🚢", 2)).toBe("🚢🚢");
  expect(toPlainLine("x".repeat(100_000), 3)).toBe("xxx…");
});
