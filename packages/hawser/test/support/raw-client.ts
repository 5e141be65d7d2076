import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";

const factor = Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

/** How long a raw client waits for anything. */
const LIMIT_MS = 5000 * factor;

export interface RawAnswer {
  readonly status: number;
  /** Header fields by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** What came behind the head so far. */
  readonly rest: Buffer;
}

/** A TCP client that sends what it is told, byte by byte if need be, and keeps what comes back. */
export class RawClient {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #closed = false;
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    // a reset is one of the ways in which a server may end a connection
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1" });
    const client = new RawClient(socket);
    await once(socket, "connect");
    return client;
  }

  get received(): Buffer {
    return this.#received;
  }

  send(data: string | Uint8Array): this {
    this.socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
    return this;
  }

  /** The first answer of the server, when its head is whole. */
  async answer(): Promise<RawAnswer> {
    await this.until(() => this.#received.includes("\r\n\r\n"));
    const end = this.#received.indexOf("\r\n\r\n");
    const [statusLine = "", ...lines] = this.#received.subarray(0, end).toString("latin1").split("\r\n");
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    return {
      status: Number(statusLine.split(" ")[1]),
      headers: new Map(headers),
      rest: this.#received.subarray(end + 4),
    };
  }

  /** The answer, of a server that then ends the connection. */
  async lastAnswer(): Promise<RawAnswer> {
    await this.closed();
    return this.answer();
  }

  /** Waits until the server has ended the connection. */
  async closed(): Promise<void> {
    await this.until(() => this.#closed);
  }

  /** Waits until `condition` holds; it is asked whenever something came. */
  async until(condition: () => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(LIMIT_MS);
    while (!condition()) {
      if (this.#closed) throw new Error(`closed before what was waited for; received ${this.#describe()}`);
      await new Promise<void>((resolve, reject) => {
        const fail = (): void => reject(new Error(`waited in vain; received ${this.#describe()}`));
        deadline.addEventListener("abort", fail, { once: true });
        this.#waiting.push(() => {
          deadline.removeEventListener("abort", fail);
          resolve();
        });
      });
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #describe(): string {
    return JSON.stringify(this.#received.toString("latin1"));
  }
}

/** The headers of a handshake; a value of undefined leaves one out. */
export interface HandshakeText {
  readonly target?: string;
  readonly method?: string;
  readonly version?: string;
  /** Put in place of the defaults of the same name, or added. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Header lines added as they are. */
  readonly lines?: readonly string[];
}

/** The text of an opening handshake. */
export function formatHandshake(text: HandshakeText = {}): string {
  const { method = "GET", target = "/echo", version = "1.1", lines = [] } = text;
  const headers: Record<string, string | undefined> = {
    Host: "localhost",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...text.headers,
  };
  const fields = Object.entries(headers).filter(([, value]) => value !== undefined);
  const head = [`${method} ${target} HTTP/${version}`, ...fields.map(([name, value]) => `${name}: ${value}`), ...lines];
  return `${head.join("\r\n")}\r\n\r\n`;
}
