import { describe, expect, it } from "vitest";
import { createResourceReadings } from "./resource-readings.js";
import type { SystemPorts } from "./resource-readings.js";

const GIB = 2 ** 30;

const ports: SystemPorts = {
  readText: () => "Limit                     Soft Limit           Hard Limit           Units\n",
  constrainedMemory: () => 0,
  totalMemory: () => 8 * GIB,
  residentBytes: () => GIB,
  readHeap: () => ({ usedBytes: 1, limitBytes: 4 * GIB }),
};

const limitsFile = `Limit                     Soft Limit           Hard Limit           Units
Max processes             95859                95859                processes
Max open files            256                  20000                files
Max locked memory         8388608              8388608              bytes
`;

describe("the limit on descriptors", () => {
  it("is the soft limit of the process, asked for once", () => {
    const asked: string[] = [];
    const readings = createResourceReadings({
      ...ports,
      readText: (path) => {
        asked.push(path);
        return limitsFile;
      },
    });
    expect([readings.maxDescriptors, readings.maxDescriptors]).toEqual([256, 256]);
    expect(asked).toEqual(["/proc/self/limits"]);
  });

  it.each([
    [
      "there is no such file",
      () => {
        throw new Error("ENOENT");
      },
    ],
    ["it says unlimited", () => "Max open files            unlimited            unlimited            files"],
    ["it has no such line", () => ""],
  ])("is unknown when %s", (_when, readText) => {
    expect(createResourceReadings({ ...ports, readText }).maxDescriptors).toBe(Infinity);
  });
});

describe("the limit on memory", () => {
  it.each([
    ["the group's", 512 * 2 ** 20, 512 * 2 ** 20],
    ["the machine's, when the group's is larger", 2 ** 63, 8 * GIB],
    ["the machine's, when the group has none", 0, 8 * GIB],
    ["the machine's, when nothing is known of a group", undefined, 8 * GIB],
  ])("is %s", (_which, constrained, expected) => {
    const readings = createResourceReadings({ ...ports, constrainedMemory: () => constrained });
    expect(readings.maxMemoryBytes).toBe(expected);
  });
});

describe("the use of memory", () => {
  it.each([
    ["of the system's, when that is nearer", 6 * GIB, GIB, { usedBytes: 6 * GIB, limitBytes: 8 * GIB }],
    ["of the engine's heap, when that is nearer", 2 * GIB, 3 * GIB, { usedBytes: 3 * GIB, limitBytes: 4 * GIB }],
  ])("is that %s", (_which, resident, usedBytes, expected) => {
    const readings = createResourceReadings({
      ...ports,
      residentBytes: () => resident,
      readHeap: () => ({ usedBytes, limitBytes: 4 * GIB }),
    });
    expect(readings.readMemoryUse()).toEqual(expected);
  });
});

it("keeps the last reading when the system has no file descriptor for another", () => {
  let fails = false;
  const readings = createResourceReadings({
    ...ports,
    residentBytes: () => {
      if (fails) throw Object.assign(new Error("EMFILE"), { code: "EMFILE" });
      return GIB;
    },
  });
  readings.readMemoryUse();
  fails = true;
  expect(readings.readMemoryUse().usedBytes).toBe(GIB);
});

it("reads this process", () => {
  const readings = createResourceReadings();
  expect(readings.maxDescriptors).toBeGreaterThan(16);
  expect(readings.maxMemoryBytes).toBeGreaterThan(2 ** 26);
  const { usedBytes, limitBytes } = readings.readMemoryUse();
  expect(usedBytes).toBeGreaterThan(2 ** 20);
  expect(usedBytes).toBeLessThan(limitBytes);
});
