// Whatever order commands, faults and the server's answers come in: what a client promises holds.
import fc from "fast-check";
import { expect, it } from "vitest";
import { createClientCore } from "../../src/client/index.js";
import type { Client, ClientOptions, Subscription } from "../../src/client/index.js";
import { createScriptedConnector, createSeededRandom, VirtualClock } from "../../src/testing/index.js";
import type { ScriptedConnector } from "../../src/testing/index.js";

const RUNS = Number(process.env["HAWSER_CLIENT_RUNS"] ?? 60);

/** What can happen, by name and a number that says which. */
const steps = {
  connect: ({ client, promise }: World) => promise(client.connect()),
  connectBriefly: ({ client, promise }: World, n: number) => promise(client.connect({ timeoutMs: 1 + n * 100 })),
  disconnect: ({ client, promise }: World) => promise(client.disconnect()),
  login: ({ client, promise }: World, n: number) => promise(client.login(`credentials ${n}`)),
  logout: ({ client, promise }: World) => promise(client.logout()),
  request: ({ client, promise }: World, n: number) => promise(client.request(`action${n}`, n)),
  requestBriefly: ({ client, promise }: World, n: number) =>
    promise(client.request("brief", n, { timeoutMs: 1 + n * 50 })),
  requestAborted: (world: World, n: number) => {
    const control = new AbortController();
    world.promise(world.client.request("aborted", n, { signal: control.signal }));
    world.later.push(() => control.abort());
  },
  send: (world: World) => {
    const number = ++world.numbered;
    world.promise(world.client.send(`#${number}`));
  },
  sendBriefly: ({ client, promise }: World, n: number) => promise(client.send("brief", { timeToLiveMs: 1 + n * 100 })),
  subscribe: (world: World, n: number) => {
    const subscription = world.client.subscribe(`channel${n % 3}`);
    world.subscriptions.add(subscription);
    void world.drain(subscription);
  },
  unsubscribe: ({ subscriptions, promise }: World, n: number) => {
    const subscription = [...subscriptions][n];
    if (subscription !== undefined) promise(subscription.unsubscribe());
  },
  doLater: ({ later }: World) => later.splice(0).forEach((act) => act()),
  open: ({ connector }: World) => connector.connections.at(-1)?.open(),
  answer: ({ connector }: World, n: number) => {
    const connection = connector.connections.at(-1);
    const request = connection?.requests.at(-1 - (n % 4));
    if (request?.["pid"] === undefined) return;
    connection?.receive({
      pid: request["pid"],
      actionAck: request["action"],
      status: 1,
      session: `s${n}`,
      resume: `r${n}`,
    });
  },
  refuse: ({ connector }: World, n: number) => {
    const connection = connector.connections.at(-1);
    const request = connection?.requests.at(-1 - (n % 2));
    if (request?.["pid"] === undefined) return;
    const error = { code: "NO", message: "", temporary: n % 3 > 0, retryAfterMs: 100 * n };
    connection?.receive({ pid: request["pid"], actionAck: request["action"], status: 0, error });
  },
  push: ({ connector }: World, n: number) =>
    connector.connections
      .at(-1)
      ?.receive({ actionAck: n === 5 ? "unsubscribed" : "push", status: 1, channel: `channel${n % 3}` }),
  nonsense: ({ connector }: World, n: number) =>
    connector.connections
      .at(-1)
      ?.receive(["{", "[]", '{"pid":1}', '{"action":"x","pid":"y"}', "Ping", "Pong", '{"pid":"z"}'][n] ?? ""),
  fill: ({ connector }: World, n: number) => {
    const connection = connector.connections.at(-1);
    if (connection !== undefined) connection.bufferedBytes = n % 2 === 0 ? 0 : 70_000;
  },
  end: ({ connector }: World, n: number) =>
    connector.connections.at(-1)?.end([1000, 1001, 1006, 1006, 1012, 4401, 4008, 4403][n]),
  network: ({ network }: World, n: number) => network(n % 2 === 0),
  // in a handler instead of outside
  inHandler: (world: World, n: number) => {
    const off = world.client.on((["state", "open", "close", "message"] as const)[n % 4] ?? "state", () => {
      off();
      if (n % 3 === 0) world.promise(world.client.disconnect());
      else if (n % 3 === 1) world.promise(world.client.connect());
      else throw new Error("bug of a handler");
    });
  },
} satisfies Record<string, (world: World, n: number) => unknown>;

type Step = keyof typeof steps;

interface World {
  readonly client: Client;
  readonly clock: VirtualClock;
  readonly connector: ScriptedConnector;
  readonly subscriptions: Set<Subscription>;
  readonly later: (() => void)[];
  numbered: number;
  /** Takes note that it was promised. */
  readonly promise: (promised: Promise<unknown>) => void;
  readonly network: (isOnline: boolean) => void;
  readonly drain: (subscription: Subscription) => Promise<void>;
}

/** The faults of the invariants that were broken. */
interface Notes {
  readonly faults: string[];
  unsettled: number;
}

function createWorld(options: ClientOptions): {
  world: World;
  notes: Notes;
  check: () => void;
  finish: () => Promise<void>;
} {
  const clock = new VirtualClock();
  const random = createSeededRandom(5);
  const connector = createScriptedConnector();
  const notes: Notes = { faults: [], unsettled: 0 };
  const listeners = new Set<(isOnline: boolean) => void>();
  const platform = {
    clock,
    random: (target: Uint8Array) => random.fill(target),
    watchNetwork: (listener: (isOnline: boolean) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const client = createClientCore(connector, platform, "ws://server/", options);
  const told = { closes: 0, opens: 0 };
  let previous = "disconnected";
  client.on("state", (change) => {
    if (change.previous !== previous) notes.faults.push(`${change.state} came from another state than ${previous}`);
    previous = change.state;
  });
  client.on("open", () => {
    told.opens++;
    if (client.state !== "open") notes.faults.push(`open was told in ${client.state}`);
  });
  client.on("close", () => told.closes++);
  const promise = (promised: Promise<unknown>): void => {
    notes.unsettled++;
    const settle = (): void => {
      notes.unsettled--;
    };
    promised.then(settle, settle);
  };
  const world: World = {
    client,
    clock,
    connector,
    subscriptions: new Set(),
    later: [],
    numbered: 0,
    promise,
    network: (isOnline) => listeners.forEach((listener) => listener(isOnline)),
    drain: async (subscription) => {
      notes.unsettled++;
      for await (const { channel } of subscription) {
        if (channel !== subscription.channel) notes.faults.push(`${channel} came on ${subscription.channel}`);
      }
      notes.unsettled--;
    },
  };
  /** What must hold at every moment. */
  const check = (): void => {
    const over = connector.connections.filter(({ isOver }) => isOver).length;
    if (connector.alive > 1) notes.faults.push(`${connector.alive} connections at a time`);
    if (told.closes !== over) notes.faults.push(`${told.closes} times close for ${over} connections that are over`);
    if (told.opens > connector.connections.length) notes.faults.push("open was told twice for a connection");
    if (client.state === "disconnected" && connector.alive > 0) notes.faults.push("disconnected with a connection");
  };
  const finish = async (): Promise<void> => {
    const begun = connector.connections.length;
    promise(client.disconnect());
    // a handler that is left over may still want to connect: the last word is said twice
    connector.connections.at(-1)?.end(1000);
    promise(client.disconnect());
    connector.connections.at(-1)?.end(1000);
    promise(client.disconnect());
    await clock.advance(20_000);
    check();
    expect(notes).toEqual({ faults: [], unsettled: 0 });
    expect(client.state).toBe("disconnected");
    expect(clock.pending).toBe(0);
    expect(listeners.size).toBe(0);
    expect(client.queued).toBe(0);
    const settled = connector.connections.length;
    expect(settled - begun).toBeLessThanOrEqual(1);
    await clock.advance(200_000);
    expect(connector.connections).toHaveLength(settled);
    const numbers = connector.connections.flatMap(({ sent }) =>
      sent.flatMap((message) =>
        typeof message === "string" && message.startsWith("#") ? [Number(message.slice(1))] : [],
      ),
    );
    // in the order of the calls, none of them twice
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  };
  return { world, notes, check, finish };
}

/** So that most scripts get as far as an open connection. */
const frequent: readonly Step[] = ["connect", "open", "answer", "connect", "open", "answer", "open", "answer"];

const moves = fc.array(
  fc.tuple(
    fc.constantFrom(...(Object.keys(steps) as Step[]), ...frequent),
    fc.nat(7),
    fc.constantFrom(undefined, 0, 0, 60, 1000, 30_000),
  ),
  { minLength: 1, maxLength: 60 },
);

it.each([
  ["without a login", {}],
  ["with a login", { login: "credentials" }],
  [
    "with a provider that takes its time",
    { login: () => Promise.resolve("credentials"), connectTimeoutMs: 500, loginTimeoutMs: 700 },
  ],
  ["with its own heartbeat", { heartbeat: { intervalMs: 300, timeoutMs: 200 } }],
  ["that gives up soon", { login: "credentials", reconnect: { maxAttempts: 2 }, closeTimeoutMs: 100 }],
  ["that never comes back", { reconnect: false }],
] as const)("no order of events breaks the promises of a client %s", async (_kind, options: ClientOptions) => {
  await fc.assert(
    fc.asyncProperty(moves, async (script) => {
      const { world, check, finish } = createWorld(options);
      for (const [name, n, waitMs] of script) {
        steps[name](world, n);
        if (waitMs !== undefined) await world.clock.advance(waitMs);
        check();
      }
      await finish();
    }),
    { numRuns: RUNS },
  );
});
