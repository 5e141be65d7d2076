import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

const modules = readdirSync(new URL("../src/", import.meta.url), { recursive: true })
  .map((file) => String(file).replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.replace(".ts", ""))
  .sort();

/** An example is a module; trading/store is a part of trading. */
const names = modules.filter((name) => !modules.some((other) => name.startsWith(`${other}/`)));
const parts = modules.filter((name) => !names.includes(name));
const small = names.filter((name) => !parts.some((part) => part.startsWith(`${name}/`)));
const large = names.filter((name) => !small.includes(name));

/** What a module imports of ours. */
const importsOf = (name: string): (string | undefined)[] =>
  [...read(`src/${name}.ts`).matchAll(/(?:from|import\() ?"(?<from>hawser[^"]*|\.[^"]*)"/g)].map(
    ({ groups }) => groups?.["from"],
  );

const linesOf = (name: string): number => read(`src/${name}.ts`).split("\n").length - 1;

it.each(small)("%s has fewer than 60 lines and imports published entries only", (name) => {
  expect(linesOf(name)).toBeLessThan(60);
  expect(importsOf(name)).toEqual(["hawser/server"]);
});

it("has two examples of several files, each of which is short", () => {
  expect(large).toEqual(["market-feed", "trading"]);
  expect(large.filter((name) => linesOf(name) > 80)).toEqual([]);
  expect(parts.filter((name) => linesOf(name) > 150)).toEqual([]);
});

it.each([...large, ...parts])("%s imports published entries and its own parts only", (name) => {
  const allowed = /^(?:hawser\/(?:client|gateway|server)|\.\/[a-z-]+(?:\/[a-z-]+)?\.js|\.\.\/trading\/quotes\.js)$/;
  expect(importsOf(name).filter((from) => !allowed.test(from ?? ""))).toEqual([]);
});

it("lists every example in the README", () => {
  const listed = [...read("README.md").matchAll(/^\| \[`(?<name>[^`]+)`\]\(src\/(?<file>[^)]+)\.ts\)/gm)];
  expect(listed.map(({ groups }) => groups?.["name"] ?? "").sort()).toEqual(names);
  expect(listed.map(({ groups }) => groups?.["file"] ?? "").sort()).toEqual(names);
});

it("shows every recipe in the guide as it is", () => {
  const shown = [...read("../docs/guides/recipes.md").matchAll(/^```ts (?<name>\S+)\.ts\n(?<code>.*?)^```/gms)];
  const recipes = names.filter((name) => name.startsWith("recipes/"));
  expect(shown.map(({ groups }) => `recipes/${groups?.["name"]}`).sort()).toEqual(recipes);
  expect(shown.map(({ groups }) => groups?.["code"])).toEqual(
    shown.map(({ groups }) => read(`src/recipes/${groups?.["name"]}.ts`)),
  );
});
