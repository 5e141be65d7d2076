import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createWebSocketConnector } from "../../src/client/index.js";
import { createNodeConnector } from "../../src/client/index-node.js";
import { connectorContract, startConnectorServer } from "../../src/testing/index.js";
import type { ConnectorServer } from "../../src/testing/index.js";
import { timeout } from "../interop/patience.js";
import { bundle } from "./bundle.js";
import { connectorRules } from "./connector-rules.js";

const node24 = process.env["HAWSER_NODE24"];

let server: ConnectorServer;

beforeAll(async () => {
  server = await startConnectorServer();
});

afterAll(() => server.close());

describe.each([
  ["Node's", createNodeConnector()],
  ["ws's", createWebSocketConnector(WebSocket)],
])("the contract of connectors: %s", (_name, connector) => {
  it.each(connectorContract("it", () => ({ connector, ...server })))("$name", async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe.skipIf(node24 === undefined)("the global WebSocket of Node.js 24", { timeout }, () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-contract-"));
  const results = new Map<string, string | null>();

  beforeAll(async () => {
    const { code } = await bundle(new URL("contract-runner.ts", import.meta.url));
    const main = `
      const urls = ${JSON.stringify({ url: server.url, rawUrl: server.rawUrl })};
      for (const name of ${JSON.stringify(connectorRules)}) console.log(JSON.stringify([name, (await runCase(name, urls)) ?? null]));
      // its WebSocket waits for an answer to a Close that nobody reads
      process.exit();
    `;
    writeFileSync(join(folder, "main.mjs"), code + main);
    const { stdout } = await promisify(execFile)(node24 ?? "", [join(folder, "main.mjs")]);
    for (const line of stdout.trim().split("\n")) results.set(...(JSON.parse(line) as [string, string | null]));
  }, timeout);

  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(connectorRules)("%s", (name) => {
    expect(results.get(name)).toBeNull();
  });
});
