import { once } from "node:events";
import { onTestFinished } from "vitest";
import { type ClientOptions, WebSocket } from "ws";

/** A client that is not ours. What comes is kept until it is asked for. */
export class Client {
  readonly ws: WebSocket;
  /** Code and reason of the end. */
  readonly closed: Promise<readonly [code: number, reason: string]>;
  readonly #messages: (string | Buffer)[] = [];
  #wake: () => void = () => {};

  constructor(url: string, options: ClientOptions & { readonly protocol?: string }) {
    const { protocol, ...rest } = options;
    this.ws = new WebSocket(url, protocol === undefined ? [] : [protocol], rest);
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

export async function openClient(
  url: string,
  options: ClientOptions & { readonly protocol?: string } = {},
): Promise<Client> {
  const client = new Client(url, options);
  await once(client.ws, "open");
  return client;
}

/** The status with which a handshake is refused. */
export async function refusedWith(url: string, options: ClientOptions = {}): Promise<number> {
  const ws = new WebSocket(url, options);
  onTestFinished(() => ws.terminate());
  ws.on("error", () => {});
  const [, response] = (await once(ws, "unexpected-response")) as [unknown, { readonly statusCode: number }];
  return response.statusCode;
}
