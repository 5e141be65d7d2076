// The programs of docs/guides/testing.md, as they stand there.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";

// Beside this file, so that the programs find `hawser` as an installed package: they run the built one.
const folder = mkdtempSync(join(import.meta.dirname, "testing-"));
const page = readFileSync(join(import.meta.dirname, "../../../../docs/guides/testing.md"), "utf8");
const programs = [...page.matchAll(/^```js (?<name>\S+)\n(?<code>.*?)^```/gms)].map(({ groups }) => ({
  name: groups?.["name"] ?? "",
  code: groups?.["code"] ?? "",
}));

afterAll(() => rmSync(folder, { recursive: true }));

it("shows a program for each tool", () => {
  expect(programs.map(({ name }) => name)).toEqual([
    "client.test.mjs",
    "network.test.mjs",
    "heartbeat.test.mjs",
    "peer.test.mjs",
    "ports.test.mjs",
  ]);
});

it.each(programs)("$name passes", async ({ name, code }) => {
  const file = join(folder, name);
  writeFileSync(file, code);
  const { stdout } = await promisify(execFile)(process.execPath, ["--test-reporter=tap", file]);
  expect(stdout).toMatch(/^# fail 0$/m);
  expect(stdout).toMatch(/^# pass [1-9]/m);
});
