import { HawserError, type Message } from "hawser/socket";
import type { Link, Tell } from "./link.js";
import { formatMessage } from "./message-text.js";
import type { Terminal } from "./terminal.js";
import { parseTypedLine, typedHelp } from "./typed-line.js";

/** How long a silence after our Close ends the wait for the peer's. */
const GOODBYE_MS = 5000;

export interface ConversationOptions {
  /** How long a silence ends the wait for answers, once piped input is over. */
  readonly lingerMs: number;
  readonly raw: boolean;
  readonly tell: Tell;
}

/** Carries lines from a terminal to a link and messages back, until the link is over. */
export class Conversation {
  readonly #link: Link;
  readonly #terminal: Terminal;
  readonly #options: ConversationOptions;
  #silence: NodeJS.Timeout | null = null;
  #isOver = false;

  constructor(link: Link, terminal: Terminal, options: ConversationOptions) {
    this.#link = link;
    this.#terminal = terminal;
    this.#options = options;
  }

  /** Settles with the exit code. @throws ProgramError */
  async run(): Promise<number> {
    this.#terminal.open({
      onLine: (line) => this.#onLine(line),
      onEnd: () => this.#onEnd(),
      onOutputLost: () => this.#link.close(),
    });
    try {
      return await this.#link.run((message) => this.#print(message));
    } finally {
      this.#isOver = true;
      if (this.#silence !== null) clearTimeout(this.#silence);
    }
  }

  async #print(message: Message): Promise<void> {
    this.#silence?.refresh();
    const { isShown } = this.#terminal;
    await this.#terminal.print(formatMessage(message, { raw: this.#options.raw, isShown }));
  }

  async #onLine(line: string): Promise<void> {
    const typed = parseTypedLine(line, { commands: this.#terminal.isInteractive });
    switch (typed.kind) {
      case "text":
        return this.#send(typed.text);
      case "binary":
        return this.#send(typed.bytes);
      case "ping":
        return this.#try(async () => {
          this.#tell(`round trip ${(await this.#link.ping()).toFixed(1)} ms`);
        });
      case "close":
        return this.#try(() => this.#sayGoodbye(typed.code, typed.reason));
      case "help":
        this.#tell(typedHelp);
        return;
      case "fault":
        this.#tell(typed.message);
    }
  }

  /** Says that nothing more will be sent, and prints what was still on its way until the peer has closed too. */
  async #sayGoodbye(code: number, reason: string): Promise<void> {
    const closing = this.#link.sayGoodbye(code, reason);
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#link.close(), GOODBYE_MS);
    await closing;
  }

  #send(data: Message): Promise<void> {
    return this.#try(() => this.#link.send(data));
  }

  /** What fails because the connection is over is told by the report; the rest at once. */
  async #try(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof HawserError)) throw error;
      if (this.#link.isOpen || error.code === "NOT_CONNECTED") this.#tell(error.message);
    }
  }

  #onEnd(): void {
    if (this.#isOver) return;
    const { lingerMs } = this.#options;
    if (this.#terminal.isInteractive || (lingerMs === 0 && !this.#link.isBusy)) this.#link.close();
    else this.#silence = setTimeout(() => this.#onSilence(), Math.max(lingerMs, 1));
  }

  /** There may be no answer yet, as nothing was sent. */
  #onSilence(): void {
    if (this.#link.isBusy) this.#silence?.refresh();
    else this.#link.close();
  }

  #tell(text: string): void {
    this.#options.tell("info", text);
  }
}
