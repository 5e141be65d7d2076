import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const guide = readFileSync(`${root}docs/guides/operations.md`, "utf8");

/** rule → answer, as the guide has them. */
const documented = new Map(
  [...guide.matchAll(/^\| `([a-z-]+)` \| ([^|]+) \|/gm)].map(([, rule = "", answer = ""]) => [rule, answer.trim()]),
);

/** All sources of the server and the table of the engine. */
const sources = readdirSync(`${root}packages/hawser/src/server`, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
  .map((name) => readFileSync(`${root}packages/hawser/src/server/${name}`, "utf8"))
  .join("\n");
const faults = readFileSync(`${root}packages/hawser/src/protocol/handshake-faults.ts`, "utf8");

it("the guide tells every rule of the engine, with its answer", () => {
  const rules = [...faults.matchAll(/^ {2}"?([a-z-]+)"?: \{ status: (\d+)/gm)].map(([, rule, status]) => [
    rule,
    status,
  ]);
  expect(rules.length).toBeGreaterThan(20);
  expect(rules).toEqual(rules.map(([rule = ""]) => [rule, documented.get(rule)]));
});

it("the guide tells every rule of the server, and none besides", () => {
  const named = [
    ...sources.matchAll(/\brule: "([a-z-]+)"/g),
    ...sources.matchAll(/\bonUnreadable\("([a-z-]+)"/g),
    ...sources.matchAll(/\bnoteUnreadable\("([a-z-]+)"/g),
    ...sources.matchAll(/\brefuse\(\w+, "([a-z-]+)"\)/g),
    ...sources.matchAll(/^ {2}"([a-z-]+)": \{ status: \d+, body/gm),
    ...sources.matchAll(/\? "([a-z]+-[a-z-]+)" : \(error\.code/g),
  ].map(([, rule = ""]) => rule);
  const engine = [...faults.matchAll(/^ {2}"?([a-z-]+)"?: \{ status/gm)].map(([, rule = ""]) => rule);
  expect([...new Set([...named, ...engine])].toSorted()).toEqual([...documented.keys()].toSorted());
});
