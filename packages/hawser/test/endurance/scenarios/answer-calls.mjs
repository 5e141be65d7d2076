// The inside of a scenario's process: answers calls over IPC, and counts what a process can leak.
import { readdirSync } from "node:fs";
import { defaultRuntime } from "../../../dist/node/index.js";

const faults = [];
process.on("uncaughtException", (error) => faults.push(`uncaughtException: ${error.stack}`));
process.on("unhandledRejection", (error) => faults.push(`unhandledRejection: ${error?.stack ?? error}`));
process.on("disconnect", () => process.exit());

/** Answers each call by the function of its name, and `probe` by what the process holds. */
export function answerCalls(functions) {
  const known = { probe, ...functions };
  const answer = async ({ id, name, options }) => {
    try {
      process.send({ id, value: (await known[name](options)) ?? null });
    } catch (error) {
      process.send({ id, error: error.stack });
    }
  };
  process.on("message", (call) => void answer(call));
}

/** Bytes of memory in use by the process, after a collection. */
export function measureMemory() {
  globalThis.gc();
  return process.memoryUsage.rss();
}

function probe() {
  globalThis.gc();
  const { wheel, ledger } = defaultRuntime();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    // the folder that is being read is one itself
    files: readdirSync("/proc/self/fd").length - 1,
    wheelTimers: wheel.size,
    ledgerBytes: ledger.bytes,
    ledgerConnections: ledger.connections,
    resources: countEach(process.getActiveResourcesInfo()),
    faults,
    memory: { rss, heapUsed, external },
  };
}

function countEach(names) {
  const counts = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
