import { expect, it } from "vitest";
import { parseTypedLine } from "./typed-line.js";

const typed = { commands: true };
const piped = { commands: false };

it("sends a line as text", () => {
  expect(parseTypedLine("hello there ", typed)).toEqual({ kind: "text", text: "hello there " });
  expect(parseTypedLine("", typed)).toEqual({ kind: "text", text: "" });
});

it("closes with 1000 on exit, typed or piped", () => {
  const close = { kind: "close", code: 1000, reason: "" };
  expect(parseTypedLine("exit", typed)).toEqual(close);
  expect(parseTypedLine(" exit ", piped)).toEqual(close);
});

it("knows no other command in piped input", () => {
  expect(parseTypedLine("/ping", piped)).toEqual({ kind: "text", text: "/ping" });
});

it.each([
  ["/ping", { kind: "ping" }],
  ["/help", { kind: "help" }],
  ["/send exit", { kind: "text", text: "exit" }],
  ["/send  /ping", { kind: "text", text: " /ping" }],
  ["/binary 48 65", { kind: "binary", bytes: Uint8Array.of(0x48, 0x65) }],
  ["/close", { kind: "close", code: 1000, reason: "" }],
  ["/close 4001 see you", { kind: "close", code: 4001, reason: "see you" }],
  ["/close see you", { kind: "close", code: 1000, reason: "see you" }],
  ["/close 99 no", { kind: "close", code: 99, reason: "no" }],
])("reads %j", (line, expected) => {
  expect(parseTypedLine(line, typed)).toEqual(expected);
});

it.each(["/binary 4", "/pin", "/", "/constructor"])("refuses %j with a hint", (line) => {
  expect(parseTypedLine(line, typed).kind).toBe("fault");
});
