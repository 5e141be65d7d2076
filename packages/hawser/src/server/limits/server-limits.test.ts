import { describe, expect, it } from "vitest";
import type { ResourceReadings } from "../../socket/index.js";
import { resolveServerLimits } from "./server-limits.js";

const unknown: ResourceReadings = {
  maxDescriptors: Infinity,
  maxMemoryBytes: Infinity,
  readMemoryUse: () => ({ usedBytes: 0, limitBytes: 1 }),
};

describe("the default of maxConnections (REL-D6)", () => {
  it.each([
    [20_000, 18_800],
    [1024, 772],
    [256, 43],
    [200, 16],
    [64, 16],
    [Infinity, Infinity],
  ])("with %d descriptors is %d", (maxDescriptors, expected) => {
    expect(resolveServerLimits({}, { ...unknown, maxDescriptors }).maxConnections).toBe(expected);
  });
});

describe("the default of maxMemoryBytes", () => {
  it.each([
    [1000, 600],
    [64 * 2 ** 30, Math.floor(64 * 2 ** 30 * 0.6)],
    [Infinity, Infinity],
  ])("with %d bytes of memory is %d", (maxMemoryBytes, expected) => {
    expect(resolveServerLimits({}, { ...unknown, maxMemoryBytes }).maxMemoryBytes).toBe(expected);
  });
});

it("has no limits per address and on openings unless asked, and leaves loopback out of the former", () => {
  const { maxConnectionsPerAddress, maxOpeningsPerSecond, exempt } = resolveServerLimits({}, unknown);
  expect([maxConnectionsPerAddress, maxOpeningsPerSecond]).toEqual([Infinity, Infinity]);
  expect(["127.0.0.9", "::1", "::ffff:127.0.0.1", "192.0.2.1"].map((address) => exempt.has(address))).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

it("takes what it is given, memory beyond 2 GiB too", () => {
  const given = { maxConnections: 1, maxConnectionsPerAddress: 2, maxOpeningsPerSecond: 3, maxMemoryBytes: 2 ** 40 };
  expect(resolveServerLimits({ ...given, exempt: [] }, unknown)).toMatchObject(given);
});

it.each([
  ["maxConnections", { maxConnections: 0 }],
  ["maxConnectionsPerAddress", { maxConnectionsPerAddress: 1.5 }],
  ["maxOpeningsPerSecond", { maxOpeningsPerSecond: 2 ** 31 }],
  ["maxMemoryBytes", { maxMemoryBytes: 0 }],
  ["maxMemoryBytes", { maxMemoryBytes: 2 ** 53 }],
  ["exempt", { exempt: ["somewhere"] }],
])("refuses a bad %s by name", (name, options) => {
  const refused = { code: "INVALID_ARGUMENT", message: expect.stringMatching(new RegExp(`^${name} is `)) };
  expect(() => resolveServerLimits(options, unknown)).toThrow(expect.objectContaining(refused));
});
