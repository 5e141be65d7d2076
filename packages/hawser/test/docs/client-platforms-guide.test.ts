// The programs of docs/guides/client-platforms.md, as they stand there.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";

// Beside this file, so that the programs find `hawser` as an installed package: they run the built one.
const folder = mkdtempSync(join(import.meta.dirname, "client-platforms-"));
const page = readFileSync(join(import.meta.dirname, "../../../../docs/guides/client-platforms.md"), "utf8");
const programs = new Map(
  [...page.matchAll(/^```js (?<name>\S+)\n(?<code>.*?)^```/gms)].map(({ groups }) => [
    groups?.["name"],
    groups?.["code"],
  ]),
);

afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ["client-node.mjs", /^ahoy\n$/],
  ["client-ws.mjs", /^2\nopen\n$/],
  ["connector.test.mjs", /^# fail 0$/m],
])("%s does what the page says", async (name, expected) => {
  const file = join(folder, name);
  writeFileSync(file, programs.get(name) ?? "");
  const { stdout } = await promisify(execFile)(process.execPath, ["--test-reporter=tap", file]);
  expect(stdout).toMatch(expected);
});
