import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { type Client, openClient } from "../support/client.js";
import { type OnEnd, start, type Started } from "../support/example.js";

const factor = Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

// two processes one after the other, each with a database and a costly login
vi.setConfig({ testTimeout: 90_000 * factor });

/** A folder for a database; gone with the test. */
export function createFolder(onEnd: OnEnd = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), "hawser-trading-"));
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The example as a process, with quotes so quick that orders are filled soon. */
export function startTrading(settings: Readonly<Record<string, string>> = {}, onEnd?: OnEnd): Promise<Started> {
  const file = settings["TRADING_DB"] ?? join(createFolder(onEnd), "trading.db");
  return start("trading", { INTERVAL_MS: "25", DATABASE_URL: "", ...settings, TRADING_DB: file }, onEnd);
}

export interface Answer {
  readonly pid?: string;
  readonly actionAck: string;
  readonly status: number;
  readonly channel?: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly temporary: boolean; readonly issues?: readonly unknown[] };
}

/** A client of the `ws` package that knows the envelope, and nothing else. */
export class TradingClient {
  readonly #client: Client;
  readonly #kept: Answer[] = [];
  #requests = 0;

  private constructor(client: Client) {
    this.#client = client;
  }

  static async open(url: string): Promise<TradingClient> {
    return new TradingClient(await openClient(url));
  }

  /** Opens a connection and logs in; in this example everyone's password is his name. */
  static async login(url: string, username: string): Promise<TradingClient> {
    const client = await TradingClient.open(url);
    const answer = await client.request("login", { username, password: username, type: 1 });
    if (answer.status !== 1) throw new Error(`the login was refused: ${JSON.stringify(answer)}`);
    return client;
  }

  get closed(): Client["closed"] {
    return this.#client.closed;
  }

  send(message: object): void {
    this.#client.ws.send(JSON.stringify(message));
  }

  request(
    action: string,
    data?: unknown,
    more: { readonly pid?: string; readonly channel?: string } = {},
  ): Promise<Answer> {
    const message = { pid: `request-${++this.#requests}`, action, data, ...more };
    this.send(message);
    return this.next(({ pid }) => pid === message.pid);
  }

  /** The next message that fits, whatever came before it. */
  async next(isWanted: (answer: Answer) => boolean): Promise<Answer> {
    const index = this.#kept.findIndex(isWanted);
    if (index >= 0) return this.#kept.splice(index, 1)[0] as Answer; // it was found there
    for (;;) {
      const answer = JSON.parse(String(await this.#client.receive())) as Answer; // a test fails where it is not
      if (isWanted(answer)) return answer;
      this.#kept.push(answer);
    }
  }

  /** The push of the deal of this order. */
  nextDeal(orderId: unknown): Promise<Answer> {
    return this.next(({ actionAck, data }) => actionAck === "addDeal" && data["external_order_id"] === orderId);
  }
}
