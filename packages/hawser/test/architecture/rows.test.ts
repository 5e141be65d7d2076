// The attacks and faults that are known, by the ids of their rows. Each has a test that carries its id.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** The ids from the first number to the last. */
function range(group: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `REL-${group}${first + index}`);
}

const expected: readonly string[] = [
  ...range("A", 1, 34), // frames and messages
  ...range("B", 1, 28), // handshake and HTTP; B29 and B30 are of HTTP/2, which is not spoken
  ...range("C", 1, 13), // compression
  ...range("D", 1, 20), // slow peers and resources
  ...range("E", 1, 5), // browsers
  ...range("E", 15, 19), // names and messages of a gateway
  ...range("F", 13, 15), // clients that come back
];

/** The files below a folder whose names end in `.test.ts`. */
function listTests(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "node_modules" || entry.name === "dist") return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return listTests(path);
    return entry.name.endsWith(".test.ts") ? [path] : [];
  });
}

/** The ids in string literals of a file: names of tests, and of their rows in tables. */
function findIds(source: string): string[] {
  const literals = source.match(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g) ?? [];
  return literals.flatMap((literal) => literal.match(/REL-[A-G]\d+/g) ?? []);
}

it("every row has a test with its id", () => {
  const files = ["packages", "examples", "interop"].flatMap((folder) => listTests(join(root, folder)));
  const own = fileURLToPath(import.meta.url);
  const found = new Set(files.filter((file) => file !== own).flatMap((file) => findIds(readFileSync(file, "utf8"))));

  expect(expected.filter((id) => !found.has(id))).toEqual([]);
});

it("an id in a comment is no test", () => {
  expect(findIds('// REL-B1\nit("REL-B2 does", () => {}); // REL-B3')).toEqual(["REL-B2"]);
});
