import { type CloseReport, HawserError, type Message, type Socket } from "hawser/socket";
import { formatMessage } from "./message-text.js";
import type { Terminal } from "./terminal.js";
import { parseTypedLine, typedHelp } from "./typed-line.js";

/** How long a silence after our Close ends the wait for the peer's. */
const GOODBYE_MS = 5000;

/** Tells something about the connection, if the user wants to hear so much. */
export type Tell = (level: "info" | "warn", text: string) => void;

export interface ConversationOptions {
  /** How long a silence ends the wait for answers, once piped input is over. */
  readonly lingerMs: number;
  readonly raw: boolean;
  readonly tell: Tell;
}

/** Carries lines from a terminal to a socket and messages back, until the connection is over. */
export class Conversation {
  readonly #socket: Socket;
  readonly #terminal: Terminal;
  readonly #options: ConversationOptions;
  #silence: NodeJS.Timeout | null = null;

  constructor(socket: Socket, terminal: Terminal, options: ConversationOptions) {
    this.#socket = socket;
    this.#terminal = terminal;
    this.#options = options;
  }

  /** Never rejects. */
  async run(): Promise<CloseReport> {
    this.#terminal.open({
      onLine: (line) => this.#onLine(line),
      onEnd: () => this.#onEnd(),
      onOutputLost: () => this.close(),
    });
    await this.#printAll();
    const report = await this.#socket.closed;
    if (this.#silence !== null) clearTimeout(this.#silence);
    return report;
  }

  close(): void {
    void this.#socket.close(1000);
  }

  abort(): void {
    this.#socket.abort("interrupted");
  }

  async #printAll(): Promise<void> {
    const { raw } = this.#options;
    try {
      for await (const message of this.#socket) {
        this.#silence?.refresh();
        await this.#terminal.print(formatMessage(message, { raw }));
      }
    } catch (error) {
      // the report says how the connection was lost
      if (!(error instanceof HawserError)) throw error;
    }
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
          this.#tell(`round trip ${(await this.#socket.ping()).toFixed(1)} ms`);
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
    const closing = this.#socket.closeOutput(code, reason);
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.close(), GOODBYE_MS);
    await closing;
  }

  #send(data: Message): Promise<void> {
    return this.#try(() => this.#socket.send(data));
  }

  /** What fails because the connection is over is told by the report; the rest at once. */
  async #try(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof HawserError)) throw error;
      if (this.#socket.state === "open") this.#tell(error.message);
    }
  }

  #onEnd(): void {
    const { lingerMs } = this.#options;
    if (this.#terminal.isInteractive || lingerMs === 0) this.close();
    else this.#silence = setTimeout(() => this.close(), lingerMs);
  }

  #tell(text: string): void {
    this.#options.tell("info", text);
  }
}
