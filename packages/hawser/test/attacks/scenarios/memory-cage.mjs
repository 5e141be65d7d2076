// A bound on the memory of a process, held by the operating system where it lets us: a memory cgroup, version 2 or else 1.
// Elsewhere the peak of resident memory is read, and judged afterwards. Which of them it was belongs to every result.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = "/sys/fs/cgroup";

/** How many cages this process has made: their names differ. */
let made = 0;

/**
 * `setUp`: the line of shell with which a process enters; `read` tells of what it took, and `remove` is for when it has
 * ended.
 */
export function createCage(maxBytes) {
  return createVersion2(maxBytes) ?? createVersion1(maxBytes) ?? createWatch(maxBytes);
}

function createVersion2(maxBytes) {
  if (!existsSync(join(ROOT, "cgroup.controllers"))) return undefined;
  return attempt(ROOT, "", (folder) => {
    // only there when the parent hands the controller on
    writeFileSync(join(folder, "memory.max"), String(maxBytes));
    writeIfThere(folder, "memory.swap.max", "0");
    return {
      kind: "cgroup v2",
      maxBytes,
      setUp: enter(folder),
      read: () => ({
        peakBytes: readNumber(folder, "memory.peak"),
        hits: readField(folder, "memory.events", "max"),
        oomKills: readField(folder, "memory.events", "oom_kill"),
      }),
      remove: () => rmdirSync(folder),
    };
  });
}

function createVersion1(maxBytes) {
  return attempt(join(ROOT, "memory"), "memory", (folder) => {
    writeFileSync(join(folder, "memory.limit_in_bytes"), String(maxBytes));
    writeIfThere(folder, "memory.memsw.limit_in_bytes", String(maxBytes));
    writeIfThere(folder, "memory.swappiness", "0");
    return {
      kind: "cgroup v1",
      maxBytes,
      setUp: enter(folder),
      read: () => ({
        peakBytes: readNumber(folder, "memory.max_usage_in_bytes"),
        hits: readNumber(folder, "memory.failcnt"),
        oomKills: readField(folder, "memory.oom_control", "oom_kill"),
      }),
      remove: () => rmdirSync(folder),
    };
  });
}

function createWatch(maxBytes) {
  // nobody is killed: `readResident` is all that is known
  return { kind: "VmHWM", maxBytes, setUp: undefined, read: () => ({}), remove() {} };
}

/** The resident memory of a process, now and at its peak; nothing where /proc does not tell. */
export function readResident(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const read = (field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
    return { rssBytes: read("VmRSS"), hwmBytes: read("VmHWM") };
  } catch {
    return {};
  }
}

/** The descriptors that a process has; 0 where /proc does not tell. */
export function countFiles(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** Makes a group below our own, or else below the root; undefined where neither may be. */
function attempt(root, controller, create) {
  for (const parent of [join(root, readOwnPath(controller)), root]) {
    const folder = join(parent, `hawser-attacks-${process.pid}-${++made}`);
    try {
      mkdirSync(folder);
    } catch {
      continue;
    }
    try {
      return create(folder);
    } catch {
      rmdirSync(folder);
    }
  }
  return undefined;
}

/** The path of our own group, by the name of a controller; "" for the one hierarchy of version 2. */
function readOwnPath(controller) {
  try {
    const lines = readFileSync("/proc/self/cgroup", "utf8").split("\n");
    const line = lines.find((text) => text.split(":")[1]?.split(",").includes(controller));
    return line?.split(":")[2] ?? "";
  } catch {
    return "";
  }
}

function enter(folder) {
  return `echo $$ > '${join(folder, "cgroup.procs")}'`;
}

function writeIfThere(folder, name, text) {
  if (existsSync(join(folder, name))) writeFileSync(join(folder, name), text);
}

function readNumber(folder, name) {
  try {
    return Number(readFileSync(join(folder, name), "utf8"));
  } catch {
    return undefined;
  }
}

function readField(folder, name, field) {
  const line = readFileSync(join(folder, name), "utf8").split("\n");
  return Number(line.find((text) => text.startsWith(`${field} `))?.split(" ")[1] ?? 0);
}
