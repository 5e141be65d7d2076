import { describeClose, HawserError, type Message, type Socket } from "hawser/socket";
import { chooseCloseExitCode } from "../connection/close-exit-code.js";
import type { Link, Tell } from "./link.js";

/** One connection: when it is over, all is over. */
export class SocketLink implements Link {
  readonly isBusy = false;
  readonly #socket: Socket;
  readonly #tell: Tell;

  constructor(socket: Socket, tell: Tell) {
    this.#socket = socket;
    this.#tell = tell;
  }

  get isOpen(): boolean {
    return this.#socket.state === "open";
  }

  async run(onMessage: (message: Message) => Promise<void>): Promise<number> {
    try {
      for await (const message of this.#socket) await onMessage(message);
    } catch (error) {
      // the report says how the connection was lost
      if (!(error instanceof HawserError)) throw error;
    }
    const report = await this.#socket.closed;
    this.#tell("info", describeClose(report, "server"));
    return chooseCloseExitCode(report);
  }

  send(data: Message): Promise<void> {
    return this.#socket.send(data);
  }

  ping(): Promise<number> {
    return this.#socket.ping();
  }

  sayGoodbye(code: number, reason: string): Promise<void> {
    return this.#socket.closeOutput(code, reason);
  }

  close(): void {
    void this.#socket.close(1000);
  }

  abort(): void {
    this.#socket.abort("interrupted");
  }
}
