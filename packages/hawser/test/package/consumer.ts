import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const runFile = promisify(execFile);

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** npm and compilers take a second or two to start, and a minute when the machine is busy. */
export const patienceMs: number = 120_000 * Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

/** What `npm pack` tells of a tarball. */
export interface Packed {
  readonly filename: string;
  /** Bytes of the tarball. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The compiler of a package in node_modules: its own dependency, or else the repository's. */
function findCompiler(owner: string): string {
  const require = createRequire(join(root, "node_modules", owner, "package.json"));
  return join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
}

/** Paths of `tsc`: of the version used here, and of the older one that one of our tools brings along. */
export const compilers = { own: findCompiler(""), older: findCompiler("@arethetypeswrong/core") } as const;

/** An empty project in a folder of its own, in which packages are installed as their users install them, without a network. */
export class Consumer {
  readonly folder: string = mkdtempSync(join(tmpdir(), "hawser-consumer-"));

  constructor() {
    this.write({
      "package.json": JSON.stringify({ name: "consumer", version: "1.0.0", private: true, type: "module" }),
    });
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text);
  }

  /** Packs folders of `packages/` from their last build: what their `prepack` does has been done by the test runner. */
  async pack(...names: readonly string[]): Promise<readonly Packed[]> {
    const folders = names.map((name) => join(root, "packages", name));
    const { stdout } = await this.npm("pack", "--json", "--pack-destination", this.folder, ...folders);
    return JSON.parse(stdout) as Packed[]; // the documented output of npm, in the order asked for
  }

  /** Installs a package that depends on none. */
  async install({ filename }: Packed): Promise<void> {
    await this.npm("install", join(this.folder, filename));
  }

  /** Unpacks a package as an installation would, and makes the links of its commands. */
  async unpack(name: string, { filename }: Packed): Promise<void> {
    const target = join(this.folder, "node_modules", name);
    mkdirSync(target, { recursive: true });
    await runFile("tar", ["-xzf", join(this.folder, filename), "-C", target, "--strip-components=1"]);
    await this.npm("rebuild", name);
  }

  /** Puts a dependency of the repository into the project, without a registry. */
  link(name: string, owner = ""): void {
    const places = [join(root, owner, "node_modules", name), join(root, "node_modules", name)];
    const source = places.find((place) => existsSync(place));
    if (source === undefined) throw new Error(`${name} is not installed`);
    const target = join(this.folder, "node_modules", name);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(source, target, "junction");
  }

  /** Copies a package that is only read, such as types: a compiler must find what it needs beside it. */
  copy(name: string): void {
    cpSync(join(root, "node_modules", name), join(this.folder, "node_modules", name), { recursive: true });
  }

  npm(...args: readonly string[]): Promise<Output> {
    const settings = [
      "--offline",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--cache",
      join(this.folder, "cache"),
    ];
    const npm = process.env["npm_execpath"];
    const options = { cwd: this.folder, shell: npm === undefined && process.platform === "win32" };
    return npm === undefined
      ? runFile("npm", [...args, ...settings], options).then(succeed)
      : runFile(process.execPath, [npm, ...args, ...settings], options).then(succeed);
  }

  /** Runs a program of node; a status other than 0 is an answer, too. */
  async node(args: readonly string[], node: string = process.execPath): Promise<Output> {
    try {
      return succeed(await runFile(node, args, { cwd: this.folder }));
    } catch (error) {
      return error as Output; // execFile's error carries what was printed
    }
  }

  delete(): void {
    rmSync(this.folder, { recursive: true });
  }
}

const succeed = (output: { readonly stdout: string; readonly stderr: string }): Output => ({ code: 0, ...output });
