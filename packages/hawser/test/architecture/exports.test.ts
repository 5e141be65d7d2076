// The names that users can import. A name that appears or disappears by accident fails here.
// After an intended change: UPDATE_EXPORTS=1 npm test -- exports.test
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";

const committedFile = new URL("exports.json", import.meta.url);

it("exports exactly the committed names from each public entry", async () => {
  const actual = await exportedNames();
  if (process.env["UPDATE_EXPORTS"] === "1") writeFileSync(committedFile, `${JSON.stringify(actual, undefined, 2)}\n`);
  expect(actual).toEqual(JSON.parse(readFileSync(committedFile, "utf8")));
});

/** The entries that package.json publishes, each with the names of its values. */
async function exportedNames(): Promise<Record<string, string[]>> {
  const names: Record<string, string[]> = {};
  for (const entry of publishedEntries()) {
    const module: object = await import(/* @vite-ignore */ entry.replace(/^\./, "hawser"));
    names[entry] = Object.keys(module).toSorted();
  }
  return names;
}

function publishedEntries(): string[] {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const manifest: { exports: Record<string, unknown> } = JSON.parse(text);
  return Object.keys(manifest.exports).filter((entry) => entry !== "./package.json");
}
