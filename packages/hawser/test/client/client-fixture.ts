import { afterEach, expect } from "vitest";
import { createClientCore } from "../../src/client/index.js";
import type { Client, ClientClose, ClientOptions, ClientUrl, Connector } from "../../src/client/index.js";
import type { ClientPlatform } from "../../src/client/index.js";
import { createScriptedConnector, createSeededRandom, VirtualClock } from "../../src/testing/index.js";
import type { ScriptedConnection, ScriptedConnector } from "../../src/testing/index.js";

export interface Stage {
  readonly client: Client;
  readonly clock: VirtualClock;
  readonly connector: ScriptedConnector;
  /** The newest connection. */
  readonly connection: ScriptedConnection;
  /** Every event, by name, as it came. */
  readonly told: readonly string[];
  readonly closes: readonly ClientClose[];
  readonly errors: readonly unknown[];
  /** What the platform was told of: handlers that threw. */
  readonly reported: readonly unknown[];
  /** The network comes or goes. */
  readonly network: (isOnline: boolean) => void;
  /** Begins to connect and opens the connection; with a login option it is answered. */
  readonly open: () => Promise<void>;
  /** Lets everything happen that is due. */
  readonly settle: () => Promise<void>;
}

export interface StageOptions extends ClientOptions {
  readonly url?: ClientUrl;
  readonly ping?: boolean;
  readonly wrap?: (connector: ScriptedConnector) => Connector;
}

const stages: Stage[] = [];

/** Whatever a test did: after `disconnect` no timer is left, no connection and no promise that hangs. */
afterEach(async () => {
  for (const stage of stages.splice(0)) await assertOver(stage);
});

async function assertOver({ client, clock, connector }: Stage): Promise<void> {
  const over = client.disconnect();
  for (const connection of connector.connections) connection.end(1000);
  await over;
  expect(client.state).toBe("disconnected");
  expect(clock.pending).toBe(0);
  expect(connector.alive).toBe(0);
}

/** A client on virtual time, with a connector whose connections do what the test says. */
export function setStage({ url = "ws://server/", ping = true, wrap, ...options }: StageOptions = {}): Stage {
  const clock = new VirtualClock();
  const random = createSeededRandom(1);
  const connector = createScriptedConnector({ ping });
  const reported: unknown[] = [];
  const listeners = new Set<(isOnline: boolean) => void>();
  const platform: ClientPlatform = {
    clock,
    random: (target) => random.fill(target),
    report: (error) => reported.push(error),
    watchNetwork: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const client = createClientCore(wrap?.(connector) ?? connector, platform, url, options);
  const told: string[] = [];
  const closes: ClientClose[] = [];
  const errors: unknown[] = [];
  client.on("state", ({ state }) => told.push(state));
  client.on("open", ({ resumed }) => told.push(resumed ? "OPEN resumed" : "OPEN"));
  client.on("close", (close) => {
    closes.push(close);
    told.push(`CLOSE ${close.code} ${close.reaction}`);
  });
  client.on("message", ({ message }) =>
    told.push(`MESSAGE ${typeof message === "object" && "actionAck" in message ? message.actionAck : String(message)}`),
  );
  client.on("error", (error) => errors.push(error));
  const stage: Stage = {
    client,
    clock,
    connector,
    told,
    closes,
    errors,
    reported,
    get connection() {
      return connector.last;
    },
    network: (isOnline) => {
      for (const listener of listeners) listener(isOnline);
    },
    settle: () => clock.advance(0),
    open: async () => {
      const connected = client.connect();
      connector.last.open();
      if (options.login !== undefined) {
        await clock.advance(0);
        connector.last.answer("login", { session: "s1", resume: "r1" });
      }
      await connected;
    },
  };
  stages.push(stage);
  return stage;
}
