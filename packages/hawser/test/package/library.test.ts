import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { compilers, Consumer, patienceMs } from "./consumer.js";
import type { Packed } from "./consumer.js";

const consumer = new Consumer();
const installed = join(consumer.folder, "node_modules/hawser");
const entries = [
  "hawser",
  ...["protocol", "server", "socket", "gateway", "client", "backplanes/memory", "testing"].map(
    (name) => `hawser/${name}`,
  ),
];
const node24 = process.env["HAWSER_NODE24"];
let packed: Packed;

vi.setConfig({ testTimeout: patienceMs });

beforeAll(async () => {
  const [library] = await consumer.pack("hawser");
  if (library === undefined) throw new Error("npm packed nothing");
  packed = library;
  await consumer.install(packed);
  consumer.copy("@types/node");
  consumer.copy("undici-types");
  consumer.write(sources);
}, patienceMs);

afterAll(() => consumer.delete());

it("holds the built entries and their sources, and nothing of the tests", () => {
  const paths = packed.files.map(({ path }) => path);
  console.log(`hawser: ${packed.size} bytes packed, ${packed.unpackedSize} unpacked, ${paths.length} files`);
  expect(paths).toEqual(expect.arrayContaining(["README.md", "LICENSE", "package.json", "dist/entries/server.js"]));
  expect(paths.filter((path) => /test|\.tsbuild|tsconfig/.test(path.replace("testing", "")))).toEqual([]);
  expect(paths.filter((path) => !/^(?:dist|src)\/|^(?:README\.md|LICENSE|package\.json)$/.test(path))).toEqual([]);
  expect(packed.size).toBeLessThan(1024 * 1024);
});

it("brings the source of every file that an entry reaches, where its map says", () => {
  const reached = new Set(
    [...entries, "hawser/client-node"].map((entry) => {
      const name = entry.split("/").slice(1).join("-");
      return join(installed, "dist/entries", `${name === "" ? "index" : name}.js`);
    }),
  );
  for (const file of reached) {
    const code = readFileSync(file, "utf8");
    for (const { groups } of code.matchAll(/ from "(?<path>\.[^"]+)"/g)) {
      reached.add(join(dirname(file), groups?.["path"] ?? ""));
    }
  }
  const maps = [...reached].flatMap((file) => [`${file}.map`, file.replace(/\.js$/, ".d.ts.map")]);
  const sources = maps.flatMap((map) => {
    const { sources } = JSON.parse(readFileSync(map, "utf8")) as { sources: string[] }; // a source map
    return sources.map((source) => join(dirname(map), source));
  });
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.filter((source) => !existsSync(source))).toEqual([]);
});

it("depends on nothing", () => {
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Record<string, unknown>;
  const kinds = ["dependencies", "peerDependencies", "optionalDependencies"];
  expect(kinds.filter((kind) => kind in manifest)).toEqual([]);
  const scripts = Object.keys((manifest["scripts"] ?? {}) as object);
  expect(scripts.filter((name) => /install|^prepare$/.test(name))).toEqual([]);
});

it("is imported, every entry of it", async () => {
  expect(await consumer.node(["import.mjs"])).toEqual({ code: 0, stdout: "8 entries\n", stderr: "" });
});

it("is required, without a flag and without a warning", async () => {
  expect(await consumer.node(["require.cjs"])).toEqual({ code: 0, stdout: "8 entries, one module\n", stderr: "" });
});

it("echoes", async () => {
  expect(await consumer.node(["echo.mjs"])).toEqual({ code: 0, stdout: "ahoy 1000\n", stderr: "" });
});

it.skipIf(node24 === undefined)("is imported and required, and echoes, on Node.js 24 too", async () => {
  const ran = await Promise.all(["import.mjs", "require.cjs", "echo.mjs"].map((file) => consumer.node([file], node24)));
  expect(ran).toEqual([
    { code: 0, stdout: "8 entries\n", stderr: "" },
    { code: 0, stdout: "8 entries, one module\n", stderr: "" },
    { code: 0, stdout: "ahoy 1000\n", stderr: "" },
  ]);
});

const strict = { target: "ES2022", strict: true, skipLibCheck: false, noEmit: true, noUncheckedIndexedAccess: true };
const nodeNext = { ...strict, module: "nodenext", moduleResolution: "nodenext", lib: ["ES2022"], types: ["node"] };

const resolutions = [
  { module: "node16", moduleResolution: "node16" },
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
];
const exactness = [{ exactOptionalPropertyTypes: true }, { exactOptionalPropertyTypes: false }];
const places = [
  { files: ["node.ts"], lib: ["ES2022"], types: ["node"] },
  { files: ["portable.ts"], lib: ["ES2022", "DOM"], types: [] },
];

// one compiler for all: each start of it would read the same declarations again
it("is type-checked in every kind of project", async () => {
  const projects = resolutions.flatMap((resolution) =>
    exactness.flatMap((exact) =>
      places.map(({ files, ...place }) => ({
        files,
        compilerOptions: { ...strict, ...resolution, ...exact, ...place },
      })),
    ),
  );
  // as bundlers for browsers resolve: the others take the entry for Node.js, which needs its types
  for (const exact of exactness) {
    const place = { module: "esnext", moduleResolution: "bundler", lib: ["ES2022", "DOM"], types: [] };
    projects.push({ files: ["browser.ts"], compilerOptions: { ...strict, ...exact, ...place } });
  }
  // what `require` can do since Node.js 20.19, this resolution knows
  projects.push({ files: ["common.cts"], compilerOptions: { ...nodeNext, exactOptionalPropertyTypes: true } });
  const names = projects.map((_project, index) => `tsconfig.${index}.json`);
  consumer.write(Object.fromEntries(names.map((name, index) => [name, JSON.stringify(projects[index])])));
  expect(await consumer.node([compilers.own, "-b", ...names])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(names).toHaveLength(15);
});

it("is type-checked by the older TypeScript of one of our tools", async () => {
  const compilerOptions = { ...nodeNext, exactOptionalPropertyTypes: true };
  consumer.write({ "tsconfig.older.json": JSON.stringify({ files: ["node.ts"], compilerOptions }) });
  const output = await consumer.node([compilers.older, "-p", "tsconfig.older.json"]);
  expect(output).toEqual({ code: 0, stdout: "", stderr: "" });
});

it("tells a consumer of a wrong type", async () => {
  consumer.write({ "tsconfig.wrong.json": JSON.stringify({ files: ["wrong.ts"], compilerOptions: nodeNext }) });
  const { stdout } = await consumer.node([compilers.own, "-p", "tsconfig.wrong.json"]);
  expect(stdout.match(/^wrong\.ts\(\d+/gm)).toEqual(["wrong.ts(2", "wrong.ts(4"]);
});

const sources = {
  "import.mjs": `
const entries = await Promise.all(${JSON.stringify(entries)}.map((entry) => import(entry)));
console.log(entries.filter((entry) => Object.keys(entry).length > 0).length + " entries");
`,
  "require.cjs": `
const entries = ${JSON.stringify(entries)}.map((entry) => require(entry));
const { createServer } = require("hawser/server");
import("hawser").then((imported) => {
  const isOne = imported.createServer === createServer;
  console.log(entries.filter((entry) => Object.keys(entry).length > 0).length + " entries, " + (isOne ? "one module" : "two"));
});
`,
  "echo.mjs": `
import { createServer } from "hawser/server";
import { connect } from "hawser/socket";
const server = createServer();
server.service("/echo", { message: (socket, data) => (socket.post(data) ? undefined : socket.drained()) });
await server.listen();
const socket = await connect(server.url + "/echo");
await socket.send("ahoy");
const message = await socket.receive();
const { code } = await socket.close();
console.log(message, code);
await server.close();
`,
  "node.ts": `
import { connect, createServer, HawserError } from "hawser";
import type { ConnectOptions } from "hawser";
import { CLOSE_NORMAL } from "hawser/socket";
import type { CloseReport, Socket } from "hawser/socket";
import type { ServerOptions, ServiceHandle } from "hawser/server";
import * as protocol from "hawser/protocol";
import * as server from "hawser/server";
import * as socket from "hawser/socket";
import * as testing from "hawser/testing";
import * as gateway from "hawser/gateway";
import * as memory from "hawser/backplanes/memory";
import { createClient } from "hawser/client";
import type { Client, ClientMessage } from "hawser/client";

export const entries = [protocol, server, socket, testing, gateway, memory];

export async function talk(url: string): Promise<ClientMessage> {
  const client: Client = createClient([url, () => Promise.resolve(url)], { login: { user: "demo" }, reconnect: { mode: "fixed" } });
  await client.connect({ timeoutMs: 1000 });
  client.on("close", ({ code, retryInMs = 0 }) => console.log(code + retryInMs));
  for await (const { data } of client.subscribe("deals:LLG")) console.log(data);
  return JSON.stringify(await client.request("addDeal", { volume: "1" }, { signal: AbortSignal.timeout(1) }));
}

const options: ServerOptions = { port: 0, maxMessageBytes: 1024, heartbeat: { intervalMs: 1000 }, tls: { cert: "", key: "" } };

export async function run(connecting: ConnectOptions & { mode?: "message" }): Promise<CloseReport> {
  await using own = createServer(options);
  const room: ServiceHandle<{ name: string }> = own.service<{ name: string }, "/rooms/:room">("/rooms/:room", {
    admit: ({ params }) => ({ data: { name: params.room } }),
    open: (one) => void one.post(one.data.name + one.params.room),
    message: (one, data) => (one.post(data) ? undefined : one.drained()),
    error: (_one, error: HawserError) => console.error(error.code),
  });
  room.broadcast(new Uint8Array(1), { filter: (other) => other.data.name !== "" });
  const client: Socket = await connect(own.url, connecting);
  for await (const message of client) console.log(typeof message === "string" ? message : message.length);
  return client.close(CLOSE_NORMAL);
}
`,
  "portable.ts": `
import * as protocol from "hawser/protocol";
import { closeCodeName } from "hawser/protocol";
export const name: string = closeCodeName(1000);
export const names: readonly string[] = Object.keys(protocol);
`,
  "browser.ts": `
import { createClient } from "hawser/client";
import type { Client } from "hawser/client";

export const client: Client = createClient("wss://localhost/", { WebSocketClass: WebSocket, heartbeat: false });
export const again = createClient("wss://localhost/", { WebSocketClass: class extends WebSocket {} });
`,
  "common.cts": `
import server = require("hawser/server");
import { connect } from "hawser/socket";

export const made: server.Server = server.createServer({ port: 0 });
export const socket = connect(made.url);
`,
  "wrong.ts": `import { createServer } from "hawser/server";
createServer({ prot: 0 });
createServer().service("/a/:b", {
  message: (socket, data) => void socket.post(data.trim()),
});
`,
};
