import { expect, it } from "vitest";
import { formatMessage } from "./message-text.js";

it("shows text without controls, unless raw", () => {
  expect(formatMessage("\u001b[2Jhi", { raw: false })).toBe("[2Jhi");
  expect(formatMessage("\u001b[2Jhi", { raw: true })).toBe("\u001b[2Jhi");
});

it("shows binary by its length and first bytes", () => {
  expect(formatMessage(new Uint8Array(0), { raw: false })).toBe("<binary 0 bytes>");
  expect(formatMessage(Uint8Array.of(7), { raw: false })).toBe("<binary 1 byte> 07");
  expect(formatMessage(new Uint8Array(17), { raw: false })).toBe(`<binary 17 bytes>${" 00".repeat(16)} …`);
});
