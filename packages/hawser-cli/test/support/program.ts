import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const bin = fileURLToPath(new URL("../../bin/hawser.js", import.meta.url));

/** Below the tests' own limit, so that what was printed until then can be told. */
const WAIT_MS = 25_000 * Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

/** Without the proxies of whoever runs the tests: servers here are on loopback. */
const ownEnvironment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:https?|all|no|wss?)_proxy$/i.test(name)),
);

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface ProgramOptions {
  readonly cwd?: string;
  /** Beside what the tests themselves were started with. */
  readonly env?: Readonly<Record<string, string>>;
  /** Takes the function that ends the program. @default the end of the test */
  readonly onCleanup?: (end: () => void) => void;
}

/** The built program as a process of its own. Ended with the test. */
export class Program {
  stdout = "";
  stderr = "";
  readonly ended: Promise<ProgramEnd>;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #watchers: Set<() => void> = new Set();

  constructor(args: readonly string[], options: ProgramOptions = {}) {
    const { cwd = process.cwd(), env = {}, onCleanup = onTestFinished } = options;
    this.#process = spawn(process.execPath, [bin, ...args], { stdio: "pipe", cwd, env: { ...ownEnvironment, ...env } });
    this.#process.stdout.setEncoding("utf8").on("data", (text: string) => this.#onOutput("stdout", text));
    this.#process.stderr.setEncoding("utf8").on("data", (text: string) => this.#onOutput("stderr", text));
    // a program that has ended takes no more input
    this.#process.stdin.on("error", () => {});
    this.ended = new Promise((resolve) => {
      this.#process.on("close", (code, signal) => {
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
    onCleanup(() => void this.#process.kill("SIGKILL"));
  }

  /** Settles when what was printed matches. */
  async waitFor(stream: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray> {
    const find = (): RegExpExecArray | null => pattern.exec(this[stream]);
    const found = find();
    if (found !== null) return found;
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      const look = (): void => {
        const match = find();
        if (match === null) return;
        finish();
        resolve(match);
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`no ${pattern} on ${stream}; so far: ${JSON.stringify([this.stdout, this.stderr])}`));
      }, WAIT_MS);
      this.#watchers.add(look);
    });
  }

  type(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  endInput(): void {
    this.#process.stdin.end();
  }

  /** Leaves, as the reader of `hawser connect ... | head -1` does. */
  stopReading(): void {
    this.#process.stdout.destroy();
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  #onOutput(stream: "stdout" | "stderr", text: string): void {
    this[stream] += text;
    for (const look of this.#watchers) look();
  }
}

/** Runs the program to its end, with `input` on standard input. */
export function runProgram(
  args: readonly string[],
  { input = "", ...options }: { input?: string } & Pick<ProgramOptions, "cwd" | "env"> = {},
): Promise<ProgramEnd> {
  const program = new Program(args, options);
  if (input !== "") program.type(input.replace(/\n$/, ""));
  program.endInput();
  return program.ended;
}

export interface Serving {
  readonly program: Program;
  /** As printed: http://127.0.0.1:12345 */
  readonly url: string;
  /** The same for WebSockets. */
  readonly wsUrl: string;
}

/** Starts `hawser serve` on a free port. */
export function startServing(...args: readonly string[]): Promise<Serving> {
  return serveAs(new Program(["serve", "--port", "0", ...args]));
}

/** One for all tests of a file: `beforeAll` opens it and returns the function that ends its program. */
export function shareServing(...args: readonly string[]): Promise<Serving> {
  return serveAs(new Program(["serve", "--port", "0", ...args], { onCleanup: () => {} }));
}

async function serveAs(program: Program): Promise<Serving> {
  const [, url = ""] = await program.waitFor("stdout", /^listening on (\S+)\n/);
  return { program, url, wsUrl: url.replace("http", "ws") };
}
