import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { Consumer, patienceMs } from "./consumer.js";
import type { Packed } from "./consumer.js";

const consumer = new Consumer();
const bin = join(consumer.folder, "node_modules/hawser-cli/bin/hawser.js");
const cli = "packages/hawser-cli";
let packed: Packed;

vi.setConfig({ testTimeout: patienceMs });

// What the program depends on comes from the repository's node_modules, as there is no network; it and `hawser` are the
// packed ones.
beforeAll(async () => {
  const [library, program] = await consumer.pack("hawser", "hawser-cli");
  if (library === undefined || program === undefined) throw new Error("npm packed nothing");
  packed = program;
  await consumer.install(library);
  await consumer.unpack("hawser-cli", packed);
  for (const name of dependencies()) if (name !== "hawser") consumer.link(name, cli);
}, patienceMs);

afterAll(() => consumer.delete());

function dependencies(): string[] {
  const text = readFileSync(join(consumer.folder, "node_modules/hawser-cli/package.json"), "utf8");
  const manifest = JSON.parse(text) as { readonly dependencies: Record<string, string> }; // this one has some
  return Object.keys(manifest.dependencies);
}

function startProgram(...args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [bin, ...args], { cwd: consumer.folder });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

it("holds the program and its page, and nothing of the tests", () => {
  const paths = packed.files.map(({ path }) => path);
  console.log(`hawser-cli: ${packed.size} bytes packed, ${packed.unpackedSize} unpacked, ${paths.length} files`);
  const wanted = ["README.md", "LICENSE", "package.json", "bin/hawser.js", "dist/main.js", "page/index.html"];
  expect(paths).toEqual(expect.arrayContaining(wanted));
  expect(paths.filter((path) => /test|\.tsbuild|tsconfig|^src\//.test(path))).toEqual([]);
  expect(packed.size).toBeLessThan(512 * 1024);
});

it("is the command that npx finds", async () => {
  const { version } = JSON.parse(readFileSync(join(consumer.folder, "node_modules/hawser/package.json"), "utf8")) as {
    readonly version: string; // any package.json has one
  };
  const { stdout } = await consumer.npm("exec", "--no", "hawser", "--", "--version");
  expect(stdout).toBe(`${version}\n`);
});

it("serves its page and echoes, over the packed library", async () => {
  const child = startProgram("serve", "--port", "0");
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string]; // a line is a string
  const url = line.replace("listening on ", "");
  expect(await (await fetch(url, { headers: { accept: "text/html" } })).text()).toContain("<title>");

  const client = new WebSocket(`${url.replace("http", "ws")}/echo`);
  onTestFinished(() => client.terminate());
  await once(client, "open");
  client.send("ahoy");
  const [data] = (await once(client, "message")) as [Buffer]; // ws gives a message as one
  expect(data.toString()).toBe("ahoy");

  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const [code] = (await once(client, "close")) as [number]; // so does it the code of a close
  expect(code).toBe(1001);
  expect(await exited).toEqual([0, null]);
});
