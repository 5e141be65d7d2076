import { expect, it } from "vitest";
import { formatMessage } from "./message-text.js";

it("shows text without controls, unless raw", () => {
  expect(formatMessage("\u001b[2Jhi", { raw: false, isShown: false })).toBe("[2Jhi");
  expect(formatMessage("\u001b[2Jhi", { raw: true, isShown: true })).toBe("\u001b[2Jhi");
});

it("shows binary by its length and first bytes", () => {
  expect(formatMessage(new Uint8Array(0), { raw: false, isShown: false })).toBe("<binary 0 bytes>");
  expect(formatMessage(Uint8Array.of(7), { raw: false, isShown: false })).toBe("<binary 1 byte> 07");
  expect(formatMessage(new Uint8Array(17), { raw: false, isShown: false })).toBe(
    `<binary 17 bytes>${" 00".repeat(16)} …`,
  );
});

it("lets no message pass for several, or for a line of the program, on a terminal", () => {
  const forged = "hi\n< bye\r\nclosed 1000\u202E";
  expect(formatMessage(forged, { raw: false, isShown: true })).toBe("hi\n  < bye\n  closed 1000");
  expect(formatMessage(forged, { raw: false, isShown: false })).toBe("hi\n< bye\nclosed 1000");
});
