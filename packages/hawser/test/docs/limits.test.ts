// docs/LIMITS.md lists every option of a socket with the default that holds.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { resolveSocketOptions, socketDefaults } from "../../src/socket/index.js";

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

const { heartbeat: serverHeartbeat, ...server } = resolveSocketOptions({}, "server");
const client = resolveSocketOptions({}, "client");

/** What the page must say: every option, its default as text. */
const expected = new Map<string, string>([
  ...Object.entries(server).map(([name, value]) => [name, String(value)] as const),
  ...Object.entries(serverHeartbeat ?? {}).map(([name, value]) => [`heartbeat.${name}`, String(value)] as const),
  ["closeTimeoutMs", `${server.closeTimeoutMs} on a server, ${client.closeTimeoutMs} on a client`],
  ["maxQueueBytes", "max(1048576, `maxMessageBytes` + 65536)"],
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
