import { type Client, type ClientClose, createClient, type ReconnectOptions } from "hawser/client";
import { ConnectionError, describeClose, type Message, type Socket } from "hawser/socket";
import { chooseCloseExitCode } from "../connection/close-exit-code.js";
import { DialConnector } from "../connection/dial-connector.js";
import type { Dialer, DialSettings } from "../connection/dial.js";
import { exitCodes } from "../exit-codes.js";
import { toOneLine } from "../plain-text.js";
import { ProgramError } from "../program-error.js";
import type { Link, Tell } from "./link.js";

export interface ClientLinkOptions {
  readonly settings: DialSettings;
  readonly reconnect: ReconnectOptions;
  readonly tell: Tell;
  /** A connection is open. */
  readonly onOpen: (socket: Socket) => void;
}

/** One connection after the other, by a client that comes back; what is typed in between waits for the next one. */
export class ClientLink implements Link {
  readonly #client: Client;
  readonly #connector: DialConnector;
  readonly #options: ClientLinkOptions;
  /** Settles when the last message was done with: until then the next one is not read. */
  #handled: Promise<void> = Promise.resolve();
  #isLeaving = false;
  #wasOpen = false;
  #finish: (exitCode: number) => void = () => {};

  constructor(dialer: Dialer, options: ClientLinkOptions) {
    this.#options = options;
    this.#connector = new DialConnector(dialer, { settings: options.settings, pace: () => this.#handled });
    this.#client = createClient(dialer.url, {
      envelope: "none",
      connector: this.#connector,
      reconnect: options.reconnect,
      // the connector's own limit counts
      connectTimeoutMs: Infinity,
    });
  }

  get isOpen(): boolean {
    return this.#client.state === "open";
  }

  get isBusy(): boolean {
    return !this.isOpen || this.#client.queued > 0;
  }

  /** Whether there was a connection yet. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  run(onMessage: (message: Message) => Promise<void>): Promise<number> {
    const client = this.#client;
    client.on("message", ({ message }) => {
      // without an envelope nothing else comes
      if (typeof message === "string" || message instanceof Uint8Array) this.#handled = onMessage(message);
    });
    client.on("open", () => {
      this.#wasOpen = true;
      if (this.#connector.socket !== null) this.#options.onOpen(this.#connector.socket);
    });
    return new Promise<number>((resolve, reject) => {
      this.#finish = resolve;
      client.on("close", (close) => {
        this.#tellOf(close);
        if (this.#isLeaving || close.reaction === "disconnect") this.close();
        else if (isOwnFault(close.error)) {
          void client.disconnect();
          reject(close.error);
        } else if (close.retryInMs === undefined) {
          resolve(chooseCloseExitCode({ clean: true, initiator: "remote", code: close.code }));
        }
      });
      // the events tell how it went
      client.connect().catch(() => {});
    });
  }

  send(data: Message): Promise<void> {
    return this.#client.send(data);
  }

  ping(): Promise<number> {
    return this.#present().ping();
  }

  async sayGoodbye(code: number, reason: string): Promise<void> {
    const { queued } = this.#client;
    if (queued > 0) this.#options.tell("warn", `${queued} of the messages typed could not be sent`);
    this.#isLeaving = true;
    if (this.isOpen) await this.#present().closeOutput(code, reason);
    else this.close();
  }

  close(): void {
    // never rejects; where there was no connection no event tells of its end
    void this.#client.disconnect(1000).then(() => this.#finish(exitCodes.ok));
  }

  abort(): void {
    this.#isLeaving = true;
    this.#connector.socket?.abort("interrupted");
    this.close();
  }

  #present(): Socket {
    const { socket } = this.#connector;
    if (this.isOpen && socket !== null) return socket;
    throw new ConnectionError("NOT_CONNECTED", "there is no connection now");
  }

  #tellOf({ code, reason, error, retryInMs }: ClientClose): void {
    const { report } = this.#connector;
    const next = retryInMs === undefined || this.#isLeaving ? "" : `; the next attempt in ${formatSeconds(retryInMs)}`;
    if (report !== null) return this.#options.tell("info", `${describeClose(report, "server")}${next}`);
    // the last attempt is told by the program's end
    if (next === "" || isOwnFault(error)) return;
    const words = error instanceof Error ? toOneLine(error.message, 500) : `closed with ${code} ${reason}`;
    this.#options.tell("warn", `${words}${next}`);
  }
}

/** What no later attempt would mend: an option, or a file that cannot be used. */
function isOwnFault(error: unknown): boolean {
  return error instanceof ProgramError && (error.exitCode === exitCodes.usage || error.exitCode === exitCodes.failure);
}

function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
