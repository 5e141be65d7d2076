import type { ClientMessage, Connection, ConnectionEnd, Connector } from "../client/index.js";
import type { ContractCase } from "./transport-contract.js";

/** A connector, and a server of `startConnectorServer` for it. */
export interface ConnectorSetup {
  readonly connector: Connector;
  /** `url` and `rawUrl` of that server. */
  readonly url: string;
  readonly rawUrl: string;
  /** Called when the case is over, passed or failed. */
  readonly dispose?: () => void | Promise<void>;
}

interface Context extends ConnectorSetup {
  readonly open: (url: string, protocols?: readonly string[]) => Probe;
}

type Rule = (context: Context) => Promise<void>;

/**
 * The rules of the Connector port, for every adapter: give each case to the test runner in use. It needs no Node.js, so that it
 * can run in a page, too; the server is in a process of Node.js.
 *
 * ```ts
 * const server = await startConnectorServer();
 * for (const { name, run } of connectorContract("mine", () => ({ connector, ...server }))) it(name, run);
 * ```
 */
export function connectorContract(
  name: string,
  createSetup: () => ConnectorSetup | Promise<ConnectorSetup>,
): readonly ContractCase[] {
  return Object.entries(rules).map(([rule, check]) => ({
    name: `${name}: ${rule}`,
    run: async () => {
      const setup = await createSetup();
      const probes: Probe[] = [];
      const open = (url: string, protocols: readonly string[] = []): Probe => {
        const probe = new Probe(setup.connector, url, protocols);
        probes.push(probe);
        return probe;
      };
      try {
        await check({ ...setup, open });
        for (const probe of probes) probe.connection.abort();
        // what a connection that is over still wants to say has had the time of a round trip for it
        await exchange(open(`${setup.url}/echo`), "last");
        for (const { faults } of probes) same(faults, [], "what the sink was told");
      } finally {
        for (const probe of probes) probe.connection.abort();
        await setup.dispose?.();
      }
    },
  }));
}

const rules: Readonly<Record<string, Rule>> = {
  "says what it can do": async ({ connector }) => {
    const { ping, backpressure, headers } = connector.capabilities;
    same([typeof ping, typeof backpressure, typeof headers], ["boolean", "boolean", "boolean"], "capabilities");
  },

  "opens with the sub-protocol that the server chose": async ({ open, url }) => {
    const probe = open(`${url}/echo`, ["a", "b"]);
    await probe.opened();
    same(probe.connection.protocol, "b", "protocol");
    same(probe.connection.bufferedBytes, 0, "bufferedBytes");
  },

  "opens without a sub-protocol": async ({ open, url }) => {
    const probe = open(`${url}/echo`);
    await probe.opened();
    same(probe.connection.protocol, "", "protocol");
  },

  "exchanges text and bytes, in order": async ({ open, url }) => {
    const probe = open(`${url}/echo`);
    await probe.opened();
    const sent = ["", "Grüße, 世界 🚢", new Uint8Array(0), pattern(3), pattern(70_000), "last"];
    for (const message of sent) probe.connection.send(message);
    await probe.until(() => probe.messages.length === sent.length, "all messages");
    same(probe.messages.map(describe), sent.map(describe), "messages");
  },

  "sends a part of a larger buffer as that part": async ({ open, url }) => {
    const probe = open(`${url}/echo`);
    await probe.opened();
    probe.connection.send(pattern(100).subarray(10, 20));
    await probe.until(() => probe.messages.length === 1, "the message");
    same(probe.messages.map(describe), [describe(pattern(100).slice(10, 20))], "messages");
  },

  "keeps the order of 1,000 messages, both ways at once": async ({ open, url }) => {
    const probe = open(`${url}/echo`);
    await probe.opened();
    const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
    for (const text of texts) probe.connection.send(text);
    await probe.until(() => probe.messages.length === texts.length, "all messages");
    same(probe.messages, texts, "messages");
  },

  "brings what came right behind the answer, once it has said that it is open": async ({ open, rawUrl }) => {
    const probe = open(`${rawUrl}/early`);
    await probe.until(() => probe.messages.length === 1, "the message");
    same([probe.opens, probe.messages], [1, ["early"]], "what came");
  },

  "tells the server's code and reason": async ({ open, url }) => {
    const probe = open(`${url}/close?code=4403&reason=kicked`);
    same(pickEnd(await probe.closed()), { code: 4403, reason: "kicked", clean: true }, "end");
  },

  "tells 1005 for a close without a code": async ({ open, rawUrl }) => {
    const probe = open(`${rawUrl}/empty-close`);
    same(pickEnd(await probe.closed()), { code: 1005, reason: "", clean: true }, "end");
  },

  "tells all messages before the close": async ({ open, url }) => {
    const probe = open(`${url}/close?code=1001&messages=100`);
    await probe.closed();
    same(probe.messages.length, 100, "messages");
  },

  "tells 1006 for a connection that is lost": async ({ open, url }) => {
    const probe = open(`${url}/drop`);
    await probe.opened();
    probe.connection.send("drop");
    same(pickEnd(await probe.closed()), { code: 1006, reason: "", clean: false }, "end");
  },

  "tells 1006 for a server that breaks the rules": async ({ open, rawUrl }) => {
    const probe = open(`${rawUrl}/broken`);
    const { code, clean } = await probe.closed();
    same({ code, clean }, { code: 1006, clean: false }, "end");
  },

  "closes behind all that was sent, with the code and reason given": async ({ open, url }) => {
    const probe = open(`${url}/remember?id=1`);
    await probe.opened();
    for (let count = 0; count < 100; count++) probe.connection.send("x");
    probe.connection.close(4001, "Grüße");
    const { code, clean } = await probe.closed();
    same({ code, clean }, { code: 4001, clean: true }, "end");
    same(await ask(open(`${url}/recall?id=1`)), { code: 4001, reason: "Grüße", messages: 100 }, "what the server saw");
  },

  "closes without a code": async ({ open, url }) => {
    const probe = open(`${url}/echo`);
    await probe.opened();
    probe.connection.close();
    same((await probe.closed()).clean, true, "clean");
  },

  "closes with 1000 where the code may not be sent": async ({ open, url }) => {
    const probe = open(`${url}/remember?id=2`);
    await probe.opened();
    probe.connection.close(1006, "no");
    await probe.closed();
    const { code } = await ask(open(`${url}/recall?id=2`));
    same(code, 1000, "the code that the server saw");
  },

  "closes though the reason is too long": async ({ open, url }) => {
    const probe = open(`${url}/echo`);
    await probe.opened();
    probe.connection.close(1000, "x".repeat(124));
    same((await probe.closed()).clean, true, "clean");
  },

  "takes a second close": async ({ open, url }) => {
    const probe = open(`${url}/echo`);
    await probe.opened();
    probe.connection.close(1000);
    probe.connection.close(4000, "again");
    same((await probe.closed()).code, 1000, "code");
    probe.connection.close();
    probe.connection.abort();
  },

  "gives up opening by close": async ({ open, rawUrl }) => {
    const probe = open(`${rawUrl}/stall`);
    probe.connection.close(1000);
    same(pickEnd(await probe.closed()), { code: 1006, reason: "", clean: false }, "end");
    same(probe.opens, 0, "onOpen");
  },

  "gives up opening by abort, at once": async ({ open, rawUrl }) => {
    const probe = open(`${rawUrl}/stall`);
    probe.connection.abort();
    same(probe.ends.map(pickEnd), [{ code: 1006, reason: "", clean: false }], "ends");
    same(probe.opens, 0, "onOpen");
  },

  "gives its place at the server back when it gives up opening": async ({ open, url, rawUrl }) => {
    // browsers open one at a time to a port: who asks does so at another one
    const givers = [open(`${rawUrl}/stall`), open(`${rawUrl}/stall`)];
    const asking = open(`${url}/stalled/any`);
    await asking.until(() => asking.messages.length === 1, "one of them was there");
    givers[0]?.connection.abort();
    givers[1]?.connection.close();
    const probe = open(`${url}/stalled/none`);
    await probe.until(() => probe.messages.length === 1, "none of them was there");
  },

  "ends by abort at once, and tells nothing more": async ({ open, url }) => {
    const probe = open(`${url}/remember?id=3`);
    await probe.opened();
    for (let count = 0; count < 10; count++) probe.connection.send("x");
    probe.connection.abort();
    same(probe.ends.map(pickEnd), [{ code: 1006, reason: "", clean: false }], "ends");
    probe.connection.abort();
    probe.connection.close();
    // it answers when that connection is over for the server, too
    await ask(open(`${url}/recall?id=3`));
  },

  "ends by abort in a message": async ({ open, url }) => {
    const probe = open(`${url}/echo`);
    await probe.opened();
    probe.onMessage = () => probe.connection.abort();
    probe.connection.send("1");
    probe.connection.send("2");
    await probe.closed();
    same(probe.messages, ["1"], "messages");
  },

  "ends by abort while the peer does not answer the close": async ({ open, rawUrl }) => {
    const probe = open(`${rawUrl}/mute`);
    await probe.opened();
    probe.connection.close(1000);
    same(probe.ends.length, 0, "ends before the peer answered");
    probe.connection.abort();
    same(probe.ends.length, 1, "ends");
  },

  "tells 1006 for a port where nobody listens": async ({ open }) => {
    // a port that is reserved, and blocked by browsers: refused either way
    const probe = open("ws://127.0.0.1:1/");
    same(pickEnd(await probe.closed()), { code: 1006, reason: "", clean: false }, "end");
    same(probe.opens, 0, "onOpen");
  },

  "tells 1006 for a refused handshake, and its status where it can": async ({ open, url, connector }) => {
    const probe = open(`${url}/refuse?status=429&retryAfter=7`);
    const end = await probe.closed();
    same(pickEnd(end), { code: 1006, reason: "", clean: false }, "end");
    if (connector.capabilities.headers) {
      same([end.httpStatus, end.retryAfterMs, end.httpBody], [429, 7000, "come back later"], "the answer");
    }
  },

  "tells 1006 for an answer that is not a WebSocket's": async ({ open, rawUrl }) => {
    const probe = open(`${rawUrl}/bad-accept`);
    same(pickEnd(await probe.closed()), { code: 1006, reason: "", clean: false }, "end");
    same(probe.opens, 0, "onOpen");
  },

  "tells a UsageError for what is no URL, and throws nothing": async ({ open }) => {
    const probe = open("no url");
    const { error } = await probe.closed();
    // by name: the error may be of another copy of the library
    same(error instanceof Error ? error.name : typeof error, "UsageError", "the error");
  },

  "throws CONNECTION_CLOSED for a message when it is not open": async ({ open, url }) => {
    const probe = open(`${url}/echo`);
    throws(() => probe.connection.send("too early"));
    await probe.opened();
    probe.connection.close();
    await probe.closed();
    throws(() => probe.connection.send("too late"));
  },

  "tells what a peer that reads nothing leaves behind": async ({ open, rawUrl }) => {
    const probe = open(`${rawUrl}/mute`);
    await probe.opened();
    const chunk = new Uint8Array(512 * 1024);
    // more than the buffers between two ends hold
    let sent = 0;
    try {
      for (; sent < 64; sent++) probe.connection.send(chunk);
    } catch {
      // a connector may have a limit
    }
    atLeast(probe.connection.bufferedBytes, chunk.length, "bufferedBytes");
    const drained = probe.connection.drained?.();
    probe.connection.abort();
    await drained;
  },

  "drains for a peer that reads": async ({ open, url }) => {
    const probe = open(`${url}/echo`);
    await probe.opened();
    probe.connection.send(pattern(300_000));
    await probe.connection.drained?.();
    await probe.until(() => probe.messages.length === 1, "the message");
    same(probe.connection.bufferedBytes, 0, "bufferedBytes");
  },
};

interface Watcher {
  readonly test: () => boolean;
  readonly what: string;
  resolve(): void;
  reject(error: Error): void;
}

/** A connection under test, with everything it has told. */
class Probe {
  readonly connection: Connection;
  readonly messages: ClientMessage[] = [];
  readonly ends: ConnectionEnd[] = [];
  readonly faults: string[] = [];
  opens = 0;
  onMessage: () => void = () => {};
  #watchers: Watcher[] = [];

  constructor(connector: Connector, url: string, protocols: readonly string[]) {
    let inside = true;
    const tell = (name: string, isWrong: boolean): void => {
      if (inside) this.faults.push(`${name} came from inside open`);
      if (this.ends.length > 0) this.faults.push(`${name} came after onClosed`);
      if (isWrong) this.faults.push(`${name} came when it must not`);
    };
    this.connection = connector.open(url, protocols, {
      onOpen: () => {
        tell("onOpen", this.opens > 0);
        this.opens++;
        this.#look();
      },
      onMessage: (message) => {
        tell("onMessage", this.opens === 0);
        this.messages.push(message);
        this.onMessage();
        this.#look();
      },
      onClosed: (end) => {
        tell("onClosed", false);
        this.ends.push(end);
        this.#look();
      },
    });
    inside = false;
  }

  opened(): Promise<void> {
    return this.until(() => this.opens > 0, "it opened");
  }

  async closed(): Promise<ConnectionEnd> {
    await this.until(() => this.ends.length > 0, "the end");
    return this.ends[0] as ConnectionEnd; // just waited for
  }

  /** Settles when `test` is true after something was told; rejects when the connection ended without. */
  until(test: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#watchers.push({ test, what, resolve, reject });
      this.#look();
    });
  }

  #look(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) {
      if (watcher.test()) watcher.resolve();
      else if (this.ends.length === 0) this.#watchers.push(watcher);
      else watcher.reject(new Error(`the connection ended before ${watcher.what}: ${show(this.ends)}`));
    }
  }
}

async function exchange(probe: Probe, text: string): Promise<void> {
  await probe.opened();
  probe.connection.send(text);
  await probe.until(() => probe.messages.length === 1, "the answer");
}

/** The server's answer: JSON. */
async function ask(probe: Probe): Promise<{ readonly code: number }> {
  await probe.until(() => probe.messages.length === 1, "the answer");
  return JSON.parse(String(probe.messages[0])) as { code: number }; // as the server writes it
}

function pickEnd({ code, reason, clean }: ConnectionEnd): Pick<ConnectionEnd, "code" | "reason" | "clean"> {
  return { code, reason, clean };
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at * 31 + (at >>> 8));
}

/** A text as it is; bytes as something short that differs when they do. */
function describe(message: ClientMessage): string {
  if (typeof message === "string") return `text ${message}`;
  if (!(message instanceof Uint8Array)) return `neither text nor bytes: ${String(message)}`;
  let hash = 0;
  for (const byte of message) hash = (Math.imul(hash, 31) + byte) >>> 0;
  return `${message.length} bytes, ${hash}`;
}

function same(actual: unknown, expected: unknown, what: string): void {
  if (show(actual) === show(expected)) return;
  throw new Error(`${what}: ${show(actual)} where ${show(expected)} is expected`);
}

function atLeast(actual: number, expected: number, what: string): void {
  if (!(actual >= expected)) throw new Error(`${what}: ${actual} where at least ${expected} is expected`);
}

function throws(action: () => void): void {
  try {
    action();
  } catch (error) {
    // by its code: the error may be of another copy of the library
    return same((error as { readonly code?: unknown }).code, "CONNECTION_CLOSED", "the error's code");
  }
  throw new Error("no error was thrown");
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
