import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll } from "vitest";

/**
 * Runs the programs of a page of docs/guides/, as they stand there, and answers what they print. They are written beside this file, so that they
 * find `hawser` as an installed package: they run the built one.
 */
export function readPagePrograms(guide: string): {
  readonly page: string;
  readonly run: (name: string) => Promise<string>;
} {
  const folder = mkdtempSync(join(import.meta.dirname, "page-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const page = readFileSync(join(import.meta.dirname, `../../../../docs/guides/${guide}.md`), "utf8");
  const programs = new Map(
    [...page.matchAll(/^```js (?<name>\S+)\n(?<code>.*?)^```/gms)].map(({ groups }) => [
      groups?.["name"],
      groups?.["code"],
    ]),
  );
  const run = async (name: string): Promise<string> => {
    const file = join(folder, name);
    writeFileSync(file, programs.get(name) ?? "");
    return (await promisify(execFile)(process.execPath, ["--test-reporter=tap", file])).stdout;
  };
  return { page, run };
}
