import { clearLine, createInterface, cursorTo, type Interface } from "node:readline";

import { stripControls } from "../plain-text.js";

export interface TerminalHandlers {
  /** A promise holds back the next line of piped input. */
  readonly onLine: (line: string) => Promise<void>;
  /** The input is over. */
  readonly onEnd: () => void;
  /** Nobody reads the output any more. */
  readonly onOutputLost: () => void;
}

/**
 * Lines in, lines out. At a terminal the line being typed stays the last one: what arrives is printed above it.
 */
export class Terminal {
  /** Whether somebody types, and reads, at a terminal. */
  readonly isInteractive: boolean = process.stdin.isTTY && process.stdout.isTTY;
  /** Whether what is printed goes to a terminal. */
  readonly isShown: boolean = process.stdout.isTTY;
  #lines: Interface | null = null;

  /** Begins to read. */
  open(handlers: TerminalHandlers): void {
    process.stdout.on("error", handlers.onOutputLost);
    process.stdin.on("error", () => {});
    const lines = this.isInteractive
      ? createInterface({ input: process.stdin, output: process.stdout, prompt: "> ", historySize: 1000 })
      : createInterface({ input: process.stdin, crlfDelay: Infinity, terminal: false });
    this.#lines = lines;
    if (this.isInteractive) {
      // in this mode Ctrl-C is a key, not a signal
      lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
      lines.on("line", (line) => {
        void handlers.onLine(line);
        lines.prompt();
      });
      lines.on("close", handlers.onEnd);
      // readline stops reading when the program was in the background (Ctrl-Z, fg)
      lines.on("SIGCONT", () => lines.prompt(true));
      lines.prompt();
    } else {
      void pump(lines, handlers);
    }
  }

  /** Prints a message; settles when it was written. */
  print(text: string): Promise<void> {
    return this.#write(process.stdout, this.isInteractive ? `< ${text}` : text);
  }

  /** Tells something about the connection. */
  tell(text: string): void {
    void this.#write(process.stderr, stripControls(text));
  }

  /** Stops reading, so that the program can end. */
  close(): void {
    const lines = this.#lines;
    this.#lines = null;
    if (lines !== null && this.isInteractive) clearPrompt();
    lines?.close();
    process.stdin.destroy();
  }

  async #write(stream: NodeJS.WriteStream, text: string): Promise<void> {
    const lines = this.isInteractive ? this.#lines : null;
    if (lines !== null) clearPrompt();
    // called also when writing failed
    await new Promise<void>((resolve) => void stream.write(`${text}\n`, () => resolve()));
    if (lines !== null && lines === this.#lines) lines.prompt(true);
  }
}

async function pump(lines: Interface, { onLine, onEnd }: TerminalHandlers): Promise<void> {
  for await (const line of lines) await onLine(line);
  onEnd();
}

function clearPrompt(): void {
  cursorTo(process.stdout, 0);
  clearLine(process.stdout, 0);
}
