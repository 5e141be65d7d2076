import { expect, it } from "vitest";
import { readTarget } from "./connect-target.js";

it.each([
  ["ws://h", { url: "ws://h/", secure: false, hostname: "h", port: 80, host: "h", path: "/" }],
  ["http://h:8080/a%20b?q=1", { url: "ws://h:8080/a%20b?q=1", port: 8080, host: "h:8080", path: "/a%20b?q=1" }],
  ["wss://h", { url: "wss://h/", secure: true, port: 443, host: "h" }],
  ["https://h:443/?", { secure: true, port: 443, host: "h", path: "/" }],
  ["ws://[::1]:9", { hostname: "::1", host: "[::1]:9", port: 9 }],
  ["wss://user:p%40ss@h/", { url: "wss://h/", authorization: `Basic ${btoa("user:p@ss")}` }],
])("reads %s", (url, expected) => {
  expect(readTarget(url, false)).toMatchObject(expected);
});

it.each([
  ["h/path", "cannot be parsed"],
  ["ftp://h", "has the scheme ftp:"],
  ["ws://h/#part", "has a fragment"],
  ["ws://h/#", "has a fragment"],
  ["ws://user:secret@h", "has credentials, which ws: would send in the clear"],
  ["wss://%ff@h", "not percent-encoded UTF-8"],
])("refuses %s", (url, words) => {
  expect(() => readTarget(url, false)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(words) }),
  );
});

it("sends credentials in the clear only when told to", () => {
  expect(readTarget("http://user@h", true).authorization).toBe(`Basic ${btoa("user:")}`);
});

it("keeps a password out of its errors", () => {
  expect(() => readTarget("ws://user:secret@h:99999", true)).toThrow(expect.not.stringContaining("secret"));
});
