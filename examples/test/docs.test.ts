import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

const names = readdirSync(new URL("../src/", import.meta.url), { recursive: true })
  .map((file) => String(file).replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.replace(".ts", ""))
  .sort();

it.each(names)("%s has fewer than 60 lines and imports published entries only", (name) => {
  const source = read(`src/${name}.ts`);
  expect(source.split("\n").length - 1).toBeLessThan(60);
  const hawser = [...source.matchAll(/from "(?<from>hawser[^"]*|\.[^"]*)"/g)].map(({ groups }) => groups?.["from"]);
  expect(hawser).toEqual(["hawser/server"]);
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
