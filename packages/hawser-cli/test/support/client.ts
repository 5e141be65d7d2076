import { once } from "node:events";
import { onTestFinished } from "vitest";
import { type ClientOptions, WebSocket } from "ws";

/** A client that is not ours. What comes is kept until it is asked for. */
export class Client {
  readonly ws: WebSocket;
  readonly #messages: (string | Buffer)[] = [];
  #wake: () => void = () => {};
  /** Code and reason of the end. */
  readonly closed: Promise<readonly [code: number, reason: string]>;

  constructor(url: string, options: ClientOptions = {}) {
    this.ws = new WebSocket(url, options);
    this.ws.on("message", (data: Buffer, isBinary) => {
      this.#messages.push(isBinary ? data : data.toString("utf8"));
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.ws.on("close", (code, reason) => resolve([code, reason.toString("utf8")]));
    });
    onTestFinished(() => this.ws.terminate());
  }

  /** The next message, in order. */
  async receive(): Promise<string | Buffer> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

export async function openClient(url: string, options?: ClientOptions): Promise<Client> {
  const client = new Client(url, options);
  await once(client.ws, "open");
  return client;
}
