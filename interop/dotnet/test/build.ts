import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout } from "node:timers/promises";

const project = join(import.meta.dirname, "..");
const cache = join(project, "../../.cache/dotnet");
const mark = join(cache, "built");
const lock = join(cache, "lock");
const LOCK_BEAT_MS = 1000;
const LOCK_STALE_MS = 15_000;

/** The SDK's program, or undefined: then the tests are skipped, and named as such. */
export const dotnet: string | undefined = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter(Boolean)
  .map((folder) => join(folder, process.platform === "win32" ? "dotnet.exe" : "dotnet"))
  .find((path) => existsSync(path));

/** How long the first build may take: 8 s on a quiet machine. */
export const buildTimeoutMs = 180_000;

/** The SDK keeps to the cache folder, tells nobody, and leaves no server behind. */
export const environment: NodeJS.ProcessEnv = {
  ...process.env,
  DOTNET_CLI_HOME: join(cache, "home"),
  DOTNET_CLI_TELEMETRY_OPTOUT: "1",
  DOTNET_CLI_UI_LANGUAGE: "en",
  DOTNET_NOLOGO: "1",
  MSBUILDDISABLENODEREUSE: "1",
  NUGET_PACKAGES: join(cache, "packages"),
};

/** Builds the .NET programs unless they are up to date; answers the path of the assembly. */
export async function build(): Promise<string> {
  const assembly = join(cache, "build/bin/Interop/release/Interop.dll");
  const wanted = fingerprint();
  const isBuilt = (): boolean => existsSync(mark) && readFileSync(mark, "utf8") === wanted;
  if (isBuilt()) return assembly;
  await withLock(async () => {
    if (!isBuilt()) await compile();
    writeFileSync(mark, wanted);
  });
  return assembly;
}

async function compile(): Promise<void> {
  const child = spawn(
    dotnet ?? "dotnet",
    [
      "build",
      join(project, "Interop.csproj"),
      "--configuration=Release",
      "--disable-build-servers",
      "-nodeReuse:false",
      `--artifacts-path=${join(cache, "build")}`,
      "--verbosity=quiet",
    ],
    { cwd: project, env: environment, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (status !== 0) throw new Error(`dotnet build ended with ${status}; the .NET SDK 10 is needed:\n${output}`);
}

/** What decides the content of the assembly. */
function fingerprint(): string {
  const hash = createHash("sha256").update(statSync(dotnet ?? "").mtime.toISOString());
  const sources = readdirSync(join(project, "src")).map((name) => join("src", name));
  for (const name of ["Interop.csproj", ...sources.toSorted()]) {
    hash.update(name).update(readFileSync(join(project, name)));
  }
  return hash.digest("hex");
}

/** Test files run side by side, and only one of them builds. A lock that nobody touches was left by a killed process. */
async function withLock(work: () => Promise<void>): Promise<void> {
  mkdirSync(cache, { recursive: true });
  while (!acquire()) await setTimeout(200);
  const beat = setInterval(() => utimesSync(lock, new Date(), new Date()), LOCK_BEAT_MS);
  try {
    await work();
  } finally {
    clearInterval(beat);
    rmSync(lock, { recursive: true, force: true });
  }
}

function acquire(): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  if (Date.now() - since > LOCK_STALE_MS) rmSync(lock, { recursive: true, force: true });
  return false;
}
