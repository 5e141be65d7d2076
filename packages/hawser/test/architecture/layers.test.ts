// The layer check is proved by planted faults: a check that never fires is worth nothing.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const script = fileURLToPath(new URL("../../../../scripts/layers.mjs", import.meta.url));

const cleanTree: Record<string, string> = {
  "internal/bytes.ts": `export const empty = 0;`,
  "protocol/index.ts": `import { empty } from "../internal/bytes.js";\nexport const frame = empty;`,
  "protocol/index.test.ts": `import { it } from "vitest";\nimport { frame } from "./index.js";\nit("", () => frame);`,
  "socket/index.ts": `export type { frame } from "../protocol/index.js";`,
  "socket/service.ts": `export type Service = object;`,
  "node/index.ts": `import net from "node:net";\nimport "../socket/index.js";\nexport const connect = net.connect;`,
  "server/index.ts": `/**\n * import { serve } from "hawser/server";\n */\nexport { connect } from "../node/index.js";`,
  "client/index.ts": `export const client = 1;`,
  "client/index-node.ts": `import net from "node:net";\nexport { connect } from "../node/index.js";\nexport { net };`,
  "gateway/index.ts": `import type { Socket } from "../socket/index.js";\nimport "../socket/service.js";\nexport type A = Socket;`,
  "gateway/backplane.ts": `export interface Backplane {}`,
  "backplanes/memory.ts": `export type { Backplane } from "../gateway/backplane.js";`,
  "backplanes/redis.ts": `import { createClient } from "redis";\nexport { createClient };`,
  "entries/server.ts": `export * from "../server/index.js";`,
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-layers-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function check(tree: Record<string, string>): { status: number | null; errors: string; summary: string } {
  for (const [file, source] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), source);
  }
  const result = spawnSync(process.execPath, [script, folder], { encoding: "utf8" });
  return { status: result.status, errors: result.stderr, summary: result.stdout };
}

it("passes a tree that keeps to the table", () => {
  expect(check(cleanTree)).toEqual({ status: 0, errors: "", summary: "14 files, 0 forbidden imports\n" });
});

it("fails when it reads no files", () => {
  expect(check({})).toMatchObject({ status: 1, summary: "0 files, 0 forbidden imports\n" });
});

it("passes the sources of this package", () => {
  const result = spawnSync(process.execPath, [script], { encoding: "utf8" });
  expect(result).toMatchObject({ status: 0, stderr: "" });
});

it.each<[string, string, string, string]>([
  [
    "an import against the direction",
    "protocol/a.ts",
    `import "../socket/index.js";`,
    "protocol/ may not import socket/",
  ],
  [
    "a type import against the direction",
    "internal/a.ts",
    `import type { F } from "../protocol/index.js";`,
    "internal/ may not import protocol/",
  ],
  [
    "a re-export against the direction",
    "node/a.ts",
    `export * from "../server/index.js";`,
    "node/ may not import server/",
  ],
  [
    "a dynamic import against the direction",
    "socket/a.ts",
    `await import("../node/index.js");`,
    "socket/ may not import node/",
  ],
  [
    "an import over several lines",
    "protocol/a.ts",
    `import {\n  a,\n  b,\n} from "../node/index.js";`,
    "protocol/ may not import node/",
  ],
  ["a deep import", "server/a.ts", `import "../protocol/frame.js";`, "import protocol/index.ts, not protocol/frame.ts"],
  [
    "a deep import by an entry",
    "entries/a.ts",
    `import "../server/upgrade.js";`,
    "import server/index.ts, not server/upgrade.ts",
  ],
  [
    "a Node.js module in the engine",
    "protocol/a.ts",
    `import fs from "node:fs";`,
    "protocol/ may not import the package node:fs",
  ],
  ["a foreign package", "server/a.ts", `import ws from "ws";`, "server/ may not import the package ws"],
  [
    "the package by its own name",
    "server/a.ts",
    `import "hawser/protocol";`,
    "server/ may not import the package hawser/protocol",
  ],
  [
    "test tools outside a test",
    "protocol/a.ts",
    `import { it } from "vitest";`,
    "protocol/ may not import the package vitest",
  ],
  ["testing/ outside a test", "server/a.ts", `import "../testing/index.js";`, "server/ may not import testing/"],
  ["Node.js in the portable client", "client/a.ts", `import "../node/index.js";`, "client/ may not import node/"],
  [
    "a value of the socket in the gateway",
    "gateway/a.ts",
    `import { open } from "../socket/index.js";`,
    "gateway/ may import only service.ts, transport.ts, fan-out.ts of socket/, not index.ts",
  ],
  [
    "more than the port of the gateway",
    "backplanes/a.ts",
    `import "../gateway/index.js";`,
    "backplanes/ may import only backplane.ts of gateway/, not index.ts",
  ],
  [
    "one backplane in another",
    "backplanes/memory.test.ts",
    `import "./redis.js";`,
    "parts of backplanes/ may not import each other",
  ],
  ["a folder that the table lacks", "utils/a.ts", ``, "utils: is not in the table"],
  ["a file in no folder", "index.ts", ``, "index.ts: is not in the table"],
])("refuses %s", (_name, file, source, reason) => {
  const result = check({ ...cleanTree, [file]: source });
  expect(result.status).toBe(1);
  expect(result.errors).toContain(reason);
  expect(result.errors.trim().split("\n")).toHaveLength(1);
});
