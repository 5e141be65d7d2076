import { describe, expect, it } from "vitest";

import { parseExtensions } from "./extension-header.js";
import { hasToken } from "./header-text.js";
import { parseHost } from "./host.js";
import { parseRequestHead } from "./http-head.js";
import { originAllowed } from "./origin.js";
import { readTarget } from "./request-target.js";
import { parseProtocols } from "./subprotocol-header.js";

/** How many times longer `parse` takes for 16 times the text: 16 when it is linear, 256 when it is quadratic. */
function measureGrowth(parse: (text: string) => unknown, make: (characters: number) => string): number {
  const short = make(16_384);
  const long = make(262_144);
  let shortMs = Infinity;
  let longMs = Infinity;
  for (let round = 0; round < 12; round += 1) {
    shortMs = Math.min(shortMs, measureMs(parse, short));
    longMs = Math.min(longMs, measureMs(parse, long));
  }
  return longMs / shortMs;
}

function measureMs(parse: (text: string) => unknown, text: string): number {
  const start = performance.now();
  parse(text);
  return performance.now() - start;
}

const wide = { maxHeaderBytes: Infinity, maxHeaders: Infinity, maxTargetBytes: Infinity };
const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1");

describe("the time a header takes", () => {
  it.each<[string, (text: string) => unknown, (characters: number) => string]>([
    ["REL-B17 sub-protocols with spaces", parseProtocols, (n) => `a${" ".repeat(n)}b`],
    ["REL-B17 sub-protocols with spaces at the end", parseProtocols, (n) => `a,${" ".repeat(n)}`],
    [
      "REL-B17 many sub-protocols",
      parseProtocols,
      (n) => Array.from({ length: n / 8 }, (_, index) => `p${index}`).join(","),
    ],
    ["REL-B17 empty sub-protocols", parseProtocols, (n) => ",".repeat(n)],
    ["REL-B20 an unclosed quote of escapes", parseExtensions, (n) => `a; b="${"\\a".repeat(n / 2)}`],
    ["REL-B20 an unclosed quote of backslashes", parseExtensions, (n) => `a; b="${"\\".repeat(n)}`],
    ["REL-B20 extensions with spaces", parseExtensions, (n) => `a${" ".repeat(n)}b`],
    ["REL-B20 one parameter many times", parseExtensions, (n) => `a${";b".repeat(n / 2)}`],
    ["REL-B20 empty extensions", parseExtensions, (n) => ", ".repeat(n / 2)],
    ["a list of Connection", (text) => hasToken(text, "upgrade"), (n) => "a , ".repeat(n / 4)],
    ["the labels of a host", parseHost, (n) => "a.".repeat(n / 2)],
    ["the colons of a host", parseHost, (n) => `[${":".repeat(n)}`],
    ["an origin", (text) => originAllowed(text, "a", true, []), (n) => `https://${"a".repeat(n)}`],
    ["the dots of a path", (text) => readTarget(text, "a"), (n) => `/${"../".repeat(n / 3)}`],
    ["the escapes of a path", (text) => readTarget(text, "a"), (n) => `/${"%2e".repeat(n / 3)}`],
    ["an authority in the target", (text) => readTarget(text, "a"), (n) => `http://${"a".repeat(n)}`],
    [
      "a head of many fields",
      (text) => parseRequestHead(bytesOf(text), wide),
      (n) => `GET / HTTP/1.1\r\n${"a:b\r\n".repeat(n / 5)}\r\n`,
    ],
    [
      "a value of spaces",
      (text) => parseRequestHead(bytesOf(text), wide),
      (n) => `GET / HTTP/1.1\r\na:${" ".repeat(n)}\r\n\r\n`,
    ],
    ["a first line of spaces", (text) => parseRequestHead(bytesOf(text), wide), (n) => `${" ".repeat(n)}\r\n\r\n`],
  ])("grows with its length and no faster: %s", (_name, parse, make) => {
    expect(measureGrowth(parse, make)).toBeLessThan(100);
  });

  it("does not grow with the number of pieces in which a head comes", () => {
    const bytes = bytesOf(`GET / HTTP/1.1\r\na: ${"b".repeat(4000)}`);
    const reads = { count: 0 };
    const counted = new Proxy(bytes, {
      get: (target, key) => {
        reads.count += 1;
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    const feed = (end: number, scanned: number): number => {
      const piece = new Proxy(counted, { get: (target, key) => (key === "length" ? end : Reflect.get(target, key)) });
      const result = parseRequestHead(piece, undefined, scanned);
      return "scanned" in result ? result.scanned : 0;
    };
    let scanned = 0;
    for (let end = 1; end <= bytes.length; end += 1) scanned = feed(end, scanned);
    expect(scanned).toBe(bytes.length);
    expect(reads.count).toBeLessThan(bytes.length * 5);
  });
});
