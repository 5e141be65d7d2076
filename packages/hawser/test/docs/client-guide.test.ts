// The programs of docs/guides/client.md, as they stand there, and its table of options.
import { expect, it } from "vitest";
import { resolveClientOptions } from "../../src/client/client-options.js";
import { readPagePrograms } from "./page-programs.js";

const { page, run } = readPagePrograms("client");

it.each([
  ["trade.mjs", ["deal { volume: 2 }", "{ order: 1 }", "UNKNOWN_ACTION", "closed with 1000, back in no ms"]],
  ["feed.mjs", ['{"op":"subscribe","price":"1989.1"}']],
  ["client.test.mjs", ["# fail 0"]],
])("%s does what the page says", async (name, expected) => {
  const lines = (await run(name)).split("\n");
  // replies may overtake what comes on channels
  expect(expected.filter((line) => !lines.includes(line))).toEqual([]);
});

it("the page has every option with its default", () => {
  const { beats: _beats, login: _login, ...options } = resolveClientOptions({}, true);
  const written = (name: string, value: unknown): string =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value)
          .map(([key, inner]) => `\`${key}: ${inner === Infinity ? "Infinity" : JSON.stringify(inner)}\``)
          .join(", ")
      : name === "envelope" || name === "protocols"
        ? `\`${JSON.stringify(value)}\``
        : String(value);
  const missing = Object.entries(options).filter(
    ([name, value]) => !page.includes(`| \`${name}\` | ${written(name, value)}`),
  );
  expect(missing).toEqual([]);
});
