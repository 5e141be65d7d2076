import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished, vi } from "vitest";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));

const factor = Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

// A process takes a fraction of a second to start, and many of them on a busy machine: frameworks are large.
vi.setConfig({ testTimeout: 30_000 * factor });

/** Below the tests' own limit, so that what was printed until then can be told. */
const WAIT_MS = 25_000 * factor;

export interface ExampleEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What calls its argument at the end of whatever the process is for. */
export type OnEnd = (end: () => void) => void;

/** A built example as a process of its own, on a free port. Ended with the test, unless `onEnd` is given. */
export class Example {
  readonly ended: Promise<ExampleEnd>;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #watchers: Set<() => void> = new Set();
  #stdout = "";
  #stderr = "";

  constructor(name: string, env: Readonly<Record<string, string>>, onEnd: OnEnd = onTestFinished) {
    const file = `${dist}${name}.js`;
    this.#process = spawn(process.execPath, [file], { stdio: "pipe", env: { ...process.env, PORT: "0", ...env } });
    this.#process.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      for (const look of this.#watchers) look();
    });
    this.#process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.ended = new Promise((resolve) => this.#process.on("close", (code, signal) => resolve({ code, signal })));
    onEnd(() => void this.#process.kill("SIGKILL"));
  }

  /** What came on standard error: nothing, when all is well. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Settles with the match when what was printed so far matches. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      const look = (): void => {
        const match = pattern.exec(this.#stdout);
        if (match === null) return;
        finish();
        resolve(match);
      };
      const fail = (): void => {
        finish();
        reject(new Error(`no ${pattern}; so far: ${JSON.stringify([this.#stdout, this.#stderr])}`));
      };
      const timer = setTimeout(fail, WAIT_MS);
      void this.ended.then(fail);
      this.#watchers.add(look);
      look();
    });
  }

  type(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Stops it where it is, until it is killed. */
  pause(): void {
    this.#process.kill("SIGSTOP");
  }

  /** As `kill -9` does: it is not asked. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#process.kill("SIGINT");
  }
}

export interface Started {
  readonly example: Example;
  /** As printed. */
  readonly url: string;
  /** The same with the scheme of WebSockets. */
  readonly wsUrl: string;
}

/** Starts an example and waits until it has printed its address. */
export async function start(name: string, env: Readonly<Record<string, string>> = {}, onEnd?: OnEnd): Promise<Started> {
  const example = new Example(name, env, onEnd);
  const [, url = ""] = await example.waitFor(/ on (\S+:\d+)\S*\n/);
  return { example, url, wsUrl: url.replace("http", "ws") };
}
