import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it } from "vitest";

// Beside this file, so that the examples find `hawser` as an installed package: they run the built one.
const folder = mkdtempSync(join(import.meta.dirname, "readme-"));
const readme = readFileSync(join(import.meta.dirname, "../../../../README.md"), "utf8");
const libraryReadme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
const children: ChildProcess[] = [];

/** A port that nobody had a moment ago takes the place of the one written there, which may be in use. */
async function freePort(): Promise<string> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return String(port);
}

let port = "";

beforeAll(async () => {
  port = await freePort();
  const blocks = `${readme}\n${libraryReadme}`.matchAll(/^```js (?<name>\S+)\n(?<code>.*?)^```/gms);
  for (const { groups } of blocks) {
    writeFileSync(join(folder, groups?.["name"] ?? ""), (groups?.["code"] ?? "").replaceAll("8081", port));
  }
});

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

interface Example {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
  readonly exit: Promise<number | null>;
}

function run(name: string): Example {
  const child = spawn(process.execPath, [join(folder, name)], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const exit = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
  });
  return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator](), exit };
}

async function nextLine({ lines }: Example): Promise<string> {
  return String((await lines.next()).value);
}

it("runs the README's server and client as they stand there", async () => {
  const server = run("server.mjs");
  expect(await nextLine(server)).toBe(`listening on ws://127.0.0.1:${port}`);
  const client = run("client.mjs");
  expect(await nextLine(client)).toBe("welcome to harbour");
  expect(await nextLine(client)).toBe("ahoy");
  expect(await nextLine(client)).toBe("1000 bye, by local, clean: true");
  expect(await client.exit).toBe(0);
  expect(await nextLine(server)).toBe("closed with 1000, 1 messages");
  server.child.kill("SIGTERM");
  expect(await server.exit).toBe(0);
});

it("runs the library's example as it stands there", async () => {
  const example = run("echo.mjs");
  expect(await nextLine(example)).toBe("ahoy");
  expect(await nextLine(example)).toBe("1000");
  expect(await example.exit).toBe(0);
});

it("names the two commands that a fresh clone needs", () => {
  expect(readme).toContain("npm start");
  expect(readme).toContain("npm test");
});
