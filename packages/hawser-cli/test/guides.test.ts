// What docs/guides/configuration.md, docs/guides/operations.md and the README say, beside what the program does.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished } from "vitest";
import { finalCodes } from "../src/connection/close-exit-code.js";
import { exitCodeMeanings, exitCodes } from "../src/exit-codes.js";
import { configKeys, readConfigFile } from "../src/serve/config-file.js";
import { serveDefaults } from "../src/serve/serve-options.js";
import { makeFolder } from "./support/folder.js";
import { runProgram } from "./support/program.js";

function readDocument(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
}

const configuration = readDocument("docs/guides/configuration.md");
const operations = readDocument("docs/guides/operations.md");
const commandLine = readDocument("docs/guides/command-line.md");
const readme = readDocument("packages/hawser-cli/README.md");

/** The options that the help lists, but --help itself. */
async function listOptions(): Promise<readonly string[]> {
  const { stdout } = await runProgram(["help", "serve"]);
  const names = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map((match) => match[1] ?? "");
  return names.filter((name) => name !== "--help");
}

function toKey(option: string): string {
  return option.replace(/^--/, "").replaceAll(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

it("has a key in the file for each option, but for the file itself", async () => {
  const options = await listOptions();
  expect(
    options
      .filter((option) => option !== "--config")
      .map(toKey)
      .sort(),
  ).toEqual([...configKeys].sort());
});

it("has a row in the guide for each option, with its key", async () => {
  const options = await listOptions();
  const rows = [...configuration.matchAll(/^\| `(--[a-z-]+)` \| `(\w+)` \| (.*) \| (?:yes|no).*\|$/gm)];
  expect(rows.map(([, option, key]) => [option, key])).toEqual(
    options
      .filter((option) => option !== "--config")
      .map((option) => [option, toKey(option)])
      .sort(byGuide(rows)),
  );
  const defaults = new Map<string, unknown>(Object.entries(serveDefaults));
  const told = rows.filter(([, , key = "", text = ""]) => text.includes(String(defaults.get(key))));
  expect(new Set(told.map(([, , key]) => key))).toEqual(new Set(defaults.keys()));
});

/** The guide may have another order than the help. */
function byGuide(rows: readonly RegExpExecArray[]): (a: readonly string[], b: readonly string[]) => number {
  const order = rows.map(([, option]) => option);
  return ([a], [b]) => order.indexOf(a) - order.indexOf(b);
}

it("names each option in the README, and keeps the help on one screen", async () => {
  const missing = (await listOptions()).filter((option) => !readme.includes(`\`${option}`));
  expect(missing).toEqual([]);
  const { stdout } = await runProgram(["help", "serve"]);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(50);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

it("has each exit code in the guide, as the help tells it", async () => {
  const rows = [...commandLine.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code, meaning]) => [Number(code), meaning]);
  expect(rows).toEqual([...exitCodeMeanings]);
  expect([...exitCodeMeanings.keys()]).toEqual(Object.values(exitCodes));
  const { stdout } = await runProgram(["--help"]);
  for (const [code, meaning] of exitCodeMeanings) expect(stdout).toMatch(new RegExp(`^ +${code} +${meaning}$`, "m"));
});

it("does not come back after the codes of the protocol that say so", () => {
  const rows = [...readDocument("docs/PROTOCOL.md").matchAll(/^\| (\d{4}) \| never \|/gm)].map(([, code]) =>
    Number(code),
  );
  expect(rows.length).toBeGreaterThan(5);
  expect([...finalCodes]).toEqual(rows);
});

it("reads the guide's example", () => {
  const example = /^```json hawser\.json\n(.*?)^```/ms.exec(configuration)?.[1] ?? "";
  const folder = makeFolder({ "hawser.json": example });
  expect(readConfigFile(join(folder, "hawser.json"))).toMatchObject({
    port: 8443,
    tlsCert: join(folder, "tls/cert.pem"),
    allowedHost: ["ws.example.com"],
    rateLimit: Infinity,
  });
});

it("refuses the guide's bad file in the words of the guide", async () => {
  const folder = makeFolder({ "hawser.json": '{"port": "many", "origins": []}' });
  const { stderr } = await runProgram(["serve", "--config", "hawser.json"], { cwd: folder });
  expect(configuration).toContain(`\n${stderr}`);
});

it("runs the guide's server that tells its readiness", async () => {
  // beside this file, so that it finds `hawser` as an installed package
  const folder = mkdtempSync(join(import.meta.dirname, "guide-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const program = /^```js ready\.mjs\n(.*?)^```/ms.exec(operations)?.[1] ?? "";
  writeFileSync(join(folder, "ready.mjs"), program.replace("8080", "0"));
  const child = spawn(process.execPath, [join(folder, "ready.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const url = `http://127.0.0.1:${line.replace("listening on ", "")}/readyz`;
  expect((await fetch(url)).status).toBe(200);
  child.kill("SIGTERM");
  let status = 200;
  while (status === 200) ({ status } = await fetch(url));
  expect(status).toBe(503);
});
