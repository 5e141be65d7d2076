// docs/LIMITS.md lists every option of a socket with the default that holds.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gatewayDefaults } from "../../src/gateway/index.js";
import { handshakeDefaults } from "../../src/protocol/index.js";
import { resolveServerOptions } from "../../src/server/server-options.js";
import { serverLimitDefaults, serverLimitNames } from "../../src/server/limits/server-limits.js";
import { rateLimitDefaults, resolveSocketOptions, socketDefaults } from "../../src/socket/index.js";
import { createVirtualRuntime } from "../../src/testing/index.js";

const page = readFileSync(new URL("../../../../docs/LIMITS.md", import.meta.url), "utf8");

/** The rows of all tables: name, default, unit, reason, cost. */
const rows: readonly (readonly string[])[] = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) =>
    line
      .slice(1, -1)
      .split(" | ")
      .map((cell) => cell.trim()),
  );

const documented = new Map(rows.map(([name = "", value = ""]) => [name.replaceAll("`", ""), value]));

const { heartbeat: serverHeartbeat, rateLimit, slowCloseCode, ...server } = resolveSocketOptions({}, "server");
const client = resolveSocketOptions({}, "client");

/** What the page must say: every option, its default as text. */
const expected = new Map<string, string>([
  ...Object.entries(server).map(([name, value]) => [name, String(value)] as const),
  ...Object.entries(serverHeartbeat ?? {}).map(([name, value]) => [`heartbeat.${name}`, String(value)] as const),
  ["closeTimeoutMs", `${server.closeTimeoutMs} on a server, ${client.closeTimeoutMs} on a client`],
  ["maxQueueBytes", "max(1048576, `maxMessageBytes` + 65536)"],
  ["rateLimit.messagesPerSecond", "none: it has to be given"],
  ["rateLimit.burst", `${rateLimitDefaults.burstFactor} x \`messagesPerSecond\``],
  ["rateLimit.bytesPerSecond", String(rateLimitDefaults.bytesPerSecond)],
  ["rateLimit.closeAfterMs", String(rateLimitDefaults.closeAfterMs)],
  ...Object.entries(handshakeDefaults).map(([name, value]) => [name, String(value)] as const),
  ["handshakeTimeoutMs", String(resolveServerOptions({}).handshakeTimeoutMs)],
  ["slowCloseCode", "false; 4008 on a gateway"],
  ...Object.entries(gatewayDefaults).map(([name, value]) => [`limits.${name}`, String(value)] as const),
  ["maxConnections", "0.95 x file descriptors of the process - 200, at least 16"],
  ["maxConnectionsPerAddress", String(serverLimitDefaults.maxConnectionsPerAddress)],
  ["maxOpeningsPerSecond", String(serverLimitDefaults.maxOpeningsPerSecond)],
  ["exempt", serverLimitDefaults.exempt.join(", ")],
  ["maxMemoryBytes", "0.6 x memory of the process's group or of the machine"],
]);

describe("docs/LIMITS.md", () => {
  it("lists every option, once, and no other", () => {
    expect(documented.size).toBe(rows.length);
    expect(new Set(documented.keys())).toEqual(new Set(expected.keys()));
  });

  it.each([...expected])("gives the default of %s", (name, value) => {
    expect(documented.get(name)).toBe(value);
  });

  it("has unit, reason and cost in every row", () => {
    expect(rows.filter((row) => row.length !== 5 || row.includes(""))).toEqual([]);
  });
});

it("knows every limit of a server, and that rateLimit and slowCloseCode are off", () => {
  expect(serverLimitNames.filter((name) => !documented.has(name))).toEqual([]);
  expect([rateLimit, slowCloseCode]).toEqual([null, null]);
});

// The page's formulas for what depends on the process.
it.each([
  [20_000, 18_800],
  [256, 43],
  [200, 16],
])("%d file descriptors make a maxConnections of %d", (maxDescriptors, maxConnections) => {
  const resources = { maxDescriptors, maxMemoryBytes: 1000, readMemoryUse: () => ({ usedBytes: 0, limitBytes: 1 }) };
  const runtime = { ...createVirtualRuntime(), resources };
  expect(resolveServerOptions({ runtime }).serverLimits).toMatchObject({ maxConnections, maxMemoryBytes: 600 });
});

// The page's formula for maxQueueBytes, and that the defaults told apart by side are those of the table of defaults.
it.each([
  [1, 1_048_576],
  [983_040, 1_048_576],
  [983_041, 1_048_577],
  [10_000_000, 10_065_536],
  [Infinity, Infinity],
])("a maxMessageBytes of %d makes a maxQueueBytes of %d", (maxMessageBytes, maxQueueBytes) => {
  expect(resolveSocketOptions({ maxMessageBytes }, "server").maxQueueBytes).toBe(maxQueueBytes);
});

it("resolves to the table of defaults", () => {
  const { serverCloseTimeoutMs, clientCloseTimeoutMs, ...common } = socketDefaults;
  expect(resolveSocketOptions({}, "server")).toMatchObject({ ...common, closeTimeoutMs: serverCloseTimeoutMs });
  expect(client).toMatchObject({ ...common, closeTimeoutMs: clientCloseTimeoutMs });
});
