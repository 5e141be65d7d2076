import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import type { MemoryUse, ResourceReadings } from "../socket/index.js";

/** What is asked of the system; tests put something else in its place. */
export interface SystemPorts {
  /** The text of a file. Throws when there is none. */
  readonly readText: (path: string) => string;
  /** The limit on the memory of the process's group in bytes; 0, undefined or more than there is: none. */
  readonly constrainedMemory: () => number | undefined;
  readonly totalMemory: () => number;
  readonly residentBytes: () => number;
  readonly readHeap: () => MemoryUse;
}

const systemPorts: SystemPorts = {
  readText: (path) => readFileSync(path, "latin1"),
  // cgroup v2 memory.max and memory.high, or v1 memory.limit_in_bytes, of the process's own group
  constrainedMemory: () => process.constrainedMemory(),
  totalMemory: totalmem,
  residentBytes: () => process.memoryUsage.rss(),
  readHeap: () => {
    const { used_heap_size: usedBytes, heap_size_limit: limitBytes } = getHeapStatistics();
    return { usedBytes, limitBytes };
  },
};

/**
 * The limits of this process. Each is read when it is first asked for, and once.
 *
 * Two limits on memory are near: what the system gives (the group's limit, or the machine's memory) against the resident
 * size, and what the engine takes for strings and objects against its heap. Buffers are in the first alone, so neither can
 * stand for the other.
 */
export function createResourceReadings(ports: SystemPorts = systemPorts): ResourceReadings {
  let maxDescriptors: number | undefined;
  let maxMemoryBytes: number | undefined;
  let residentBytes = 0;
  return {
    get maxDescriptors() {
      maxDescriptors ??= readMaxDescriptors(ports);
      return maxDescriptors;
    },
    get maxMemoryBytes() {
      maxMemoryBytes ??= readMaxMemory(ports);
      return maxMemoryBytes;
    },
    readMemoryUse() {
      try {
        residentBytes = ports.residentBytes();
      } catch {
        // reading it takes a file descriptor, and there may be none: what was read last still says most
      }
      const system = { usedBytes: residentBytes, limitBytes: this.maxMemoryBytes };
      const heap = ports.readHeap();
      return heap.usedBytes / heap.limitBytes > system.usedBytes / system.limitBytes ? heap : system;
    },
  };
}

/** Linux tells it in a file. Elsewhere nothing cheap does, and the limit is usually high. */
function readMaxDescriptors(ports: SystemPorts): number {
  try {
    const soft = /^Max open files\s+(?<soft>\d+)/m.exec(ports.readText("/proc/self/limits"))?.groups?.["soft"];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}

function readMaxMemory(ports: SystemPorts): number {
  const group = ports.constrainedMemory() ?? 0;
  return Math.min(group > 0 ? group : Infinity, ports.totalMemory());
}
