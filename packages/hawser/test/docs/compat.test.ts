import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../../../..");
const page = readFileSync(join(root, "COMPAT.md"), "utf8");

interface Row {
  readonly system: string;
  readonly file: string;
  readonly test: string;
}

/** The rows of all tables, under the headings that they stand under. */
function readRows(): Row[] {
  let system = "";
  const rows: Row[] = [];
  for (const line of page.split("\n")) {
    system = /^## (.*)$/.exec(line)?.[1] ?? system;
    const [, file, test] = /^\|.*\| \[.*\]\((.*)\) +\| (.*?) +\|$/.exec(line) ?? [];
    if (file !== undefined && test !== undefined) rows.push({ system, file, test });
  }
  return rows;
}

const rows = readRows();

it("COMPAT.md names five systems, each with a test of its own name first", () => {
  const firsts = [...new Set(rows.map(({ system }) => system))].map((system) => {
    const test = rows.find((row) => row.system === system)?.test ?? "";
    return [system.toLowerCase(), test.toLowerCase()];
  });
  expect(firsts).toHaveLength(5);
  for (const [system, test] of firsts) expect(test).toBe(system);
});

it.each(rows)("COMPAT.md names a test that there is: $test", ({ file, test }) => {
  expect(existsSync(join(root, file))).toBe(true);
  const names = readFileSync(join(root, file), "utf8");
  expect([`"${test}"`, `'${test}'`, `\`${test}\``].some((name) => names.includes(name))).toBe(true);
});
