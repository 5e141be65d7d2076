import { beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createOurServer, createWsServer, faults, runFault, serverCertificate, tlsFaults } from "./fault-lab.mjs";
import type { FaultResult, FaultRun } from "./fault-lab.mjs";

const factor = Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);
const LIMIT_MS = 30_000 * factor;

const servers = { ours: createOurServer, ws: createWsServer };
const connectors: Readonly<Record<string, FaultRun["connector"]>> = {
  "connect of ours": "node",
  "the WebSocket of ws": WebSocket,
};

/** Most of a run is waiting: they all run side by side. */
const results = new Map<string, Promise<FaultResult>>();

describe.each(Object.entries(servers))("a client and a server: %s", (serverName, createServer) => {
  describe.each(Object.entries(connectors))("by %s", (connectorName, connector) => {
    const rows = faults.filter((fault) => connector === "node" || !tlsFaults.has(fault));
    const name = (fault: string, disconnects: boolean): string =>
      [serverName, connectorName, fault, disconnects].join();

    beforeAll(() => {
      rows.forEach((fault, index) => {
        for (const disconnects of [false, true]) {
          const server = createServer(tlsFaults.has(fault) ? serverCertificate : undefined);
          const run = runFault({ fault, server, connector, seed: index, disconnects, limitMs: LIMIT_MS });
          run.catch(() => {});
          results.set(name(fault, disconnects), run);
        }
      });
    });

    it.each(rows)("comes back: %s", { timeout: 2 * LIMIT_MS }, async (fault) => {
      expect(await results.get(name(fault, false))).toMatchObject({ wrong: [] });
    });

    it.each(rows)("stays away when it is told to in the middle of: %s", { timeout: 2 * LIMIT_MS }, async (fault) => {
      expect(await results.get(name(fault, true))).toMatchObject({ wrong: [] });
    });
  });
});
