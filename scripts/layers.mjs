// The architecture, as a table. One row per folder of packages/hawser/src:
//   uses     the folders it may import, each through its index.ts or one of its ports;
//            "x:ports" allows only the ports of x, "x:types" only `import type` from its index.ts
//   ports    files other folders may import besides index.ts
//   packages the bare specifiers it may import
//   adapters files (by pattern) that may import more: { match, uses, packages }
//   anyFile  every file may be imported, not just index.ts
//   isolated parts of the folder (files or subfolders) may not import each other
// What the table does not allow is an error; so is a folder that it lacks. docs/ARCHITECTURE.md shows the same table.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { root } from "./run.mjs";

const node = /^node:/;

export const layers = {
  internal: { uses: [], anyFile: true },
  protocol: { uses: ["internal"] },
  messages: { uses: ["internal"] },
  socket: { uses: ["internal", "protocol"], ports: ["service.ts", "transport.ts", "fan-out.ts"] },
  node: { uses: ["internal", "protocol", "socket"], packages: [node] },
  client: {
    uses: ["internal", "messages"],
    ports: ["index-node.ts"],
    adapters: [{ match: /-node\.ts$/, uses: ["node", "socket", "protocol"], packages: [node] }],
  },
  server: { uses: ["internal", "protocol", "socket", "node"], packages: [node] },
  gateway: { uses: ["internal", "messages", "socket:ports", "socket:types"], ports: ["backplane.ts"] },
  backplanes: {
    uses: ["internal", "gateway:ports"],
    packages: [node, /^redis$/, /^@nats-io\//],
    anyFile: true,
    isolated: true,
  },
  ws: { uses: ["internal", "protocol", "socket", "node", "server"], packages: [node] },
  auth: { uses: ["internal", "messages", "gateway:ports"], packages: [/^jose$/] },
  codecs: { uses: ["internal", "messages", "gateway:ports"], packages: [/^@msgpack\/msgpack$/], anyFile: true },
  testing: {
    uses: ["internal", "protocol", "messages", "socket", "node", "client", "server", "gateway", "backplanes", "ws"],
    packages: [node],
  },
  // Composition only: entries put the parts together, so they may import every one of them.
  entries: { uses: [] },
};
layers.entries.uses = Object.keys(layers).filter((layer) => layer !== "entries");

const testPackages = [/^vitest$/, /^fast-check$/, node, /^ws$/];

// Comments go first: the examples in them import the package by its name.
const comment = /^\s*(?:\/\*[\s\S]*?\*\/|\/\/.*$)/gm;
const imports =
  /\b(?<kind>import\s+type|export\s+type|import|export)\b[^'"`;]*?\bfrom\s*["'](?<from>[^"']+)["']|\bimport\s*\(?\s*["'](?<bare>[^"']+)["']/g;

/** Lists every import under `folder` that the table forbids, and how many files it read. */
export function checkLayers(folder, table = layers) {
  const found = [];
  const files = readdirSync(folder, { recursive: true })
    .map((file) => String(file).replaceAll("\\", "/"))
    .filter((file) => /\.m?ts$/.test(file))
    .sort();
  for (const layer of new Set(files.map((file) => file.split("/")[0]))) {
    if (!table[layer]) found.push(`${layer}: is not in the table`);
  }
  for (const file of files) {
    const from = file.split("/")[0];
    const rule = ruleFor(file, table[from]);
    if (!rule) continue;
    const source = readFileSync(join(folder.replaceAll("\\", "/"), file), "utf8").replace(comment, "");
    for (const { groups } of source.matchAll(imports)) {
      const request = { file, from, target: groups.from ?? groups.bare, typeOnly: groups.kind?.endsWith("type") };
      const reason = forbidden(request, rule, table);
      if (reason) found.push(`${file}: ${reason}`);
    }
  }
  return { files: files.length, found };
}

/** The row of the file's folder, with what its adapters and tests may import besides. */
function ruleFor(file, rule) {
  if (!rule) return undefined;
  const extras = (rule.adapters ?? []).filter((adapter) => adapter.match.test(file));
  if (file.endsWith(".test.ts")) extras.push({ uses: ["testing"], packages: testPackages });
  const all = [rule, ...extras];
  return { ...rule, uses: all.flatMap((r) => r.uses ?? []), packages: all.flatMap((r) => r.packages ?? []) };
}

/** Why this import is forbidden, or undefined. */
function forbidden({ file, from, target, typeOnly }, rule, table) {
  if (!target.startsWith(".")) {
    return rule.packages.some((p) => p.test(target)) ? undefined : `${from}/ may not import the package ${target}`;
  }
  const path = normalize(join(dirname(file), target)).replace(/\.js$/, ".ts");
  const [to, ...rest] = path.split("/");
  const inner = rest.join("/");
  if (to === from) {
    return rule.isolated && part(file) !== part(path) ? `parts of ${from}/ may not import each other` : undefined;
  }
  const ports = table[to]?.ports ?? [];
  if (rule.uses.includes(to)) {
    const open = inner === "index.ts" || table[to].anyFile || ports.includes(inner);
    return open ? undefined : `import ${to}/index.ts, not ${path}`;
  }
  if (rule.uses.includes(`${to}:ports`) && ports.includes(inner)) return undefined;
  if (rule.uses.includes(`${to}:types`) && typeOnly && inner === "index.ts") return undefined;
  if (rule.uses.includes(`${to}:ports`)) return `${from}/ may import only ${ports.join(", ")} of ${to}/, not ${inner}`;
  return `${from}/ may not import ${to}/`;
}

/** backplanes/redis/index.ts and backplanes/redis.test.ts both belong to the part "redis". */
const part = (path) => path.split("/")[1].replace(/(\.test)?\.ts$/, "");

if (import.meta.filename === process.argv[1]) {
  const { files, found } = checkLayers(process.argv[2] ?? join(root, "packages/hawser/src"));
  for (const line of found) console.error(line);
  console.log(`${files} files, ${found.length} forbidden imports`);
  // No files means that the check looked in the wrong place, not that the code is clean.
  process.exitCode = files > 0 && found.length === 0 ? 0 : 1;
}
