// Whatever clients do, and however they end: when all is over nothing of them is left.
import { expect, it } from "vitest";
import { createMemoryBackplane } from "../../src/backplanes/memory.js";
import { ActionError } from "../../src/entries/gateway.js";
import type { Backplane, Gateway } from "../../src/entries/gateway.js";
import { createSeededRandom } from "../../src/testing/seeded-random.js";
import type { SeededRandom } from "../../src/testing/seeded-random.js";
import { createVirtualRuntime } from "../../src/testing/index.js";
import { startGateway } from "../support/gateway-fixture.js";
import type { Peer, RunningGateway, WireMessage } from "../support/gateway-fixture.js";

const CLIENTS = 150;
const STEPS = 25;
const users = ["ann", "bob", "cid"];
const channels = ["a:1", "a:2", "b:1", "nowhere"];

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Answers a turn later, and fails now and then; counts what is subscribed. */
function createSlowBackplane(random: SeededRandom): { backplane: Backplane; subscribed: () => number } {
  const inner = createMemoryBackplane();
  let subscribed = 0;
  const slow = async (act: () => Promise<void>): Promise<void> => {
    await turn();
    if (random.below(10) === 0) throw new Error("the backplane is away");
    await act();
  };
  const backplane: Backplane = {
    name: "slow",
    durability: "process",
    open: (sink) => {
      const node = inner.open(sink);
      return {
        publish: (channel, payload) => slow(() => node.publish(channel, payload)),
        subscribe: (channel) => slow(async () => (await node.subscribe(channel), void subscribed++)),
        // what fails is given back all the same, as when the connection to a broker is lost
        unsubscribe: async (channel) => {
          await turn();
          await node.unsubscribe(channel);
          subscribed--;
        },
        signal: (payload) => node.signal(payload),
        close: () => node.close(),
      };
    },
  };
  return { backplane, subscribed: () => subscribed };
}

function defineActions(gateway: Gateway): void {
  gateway.channel("a:*", { publish: async () => (await turn(), true) });
  gateway.channel("b:*", { subscribe: async ({ user }) => (await turn(), user.id !== "cid") });
  gateway.action("now", { public: true }, () => 1);
  gateway.action("later", {}, async () => (await turn(), 1));
  gateway.action("order", { idempotent: true }, async () => (await turn(), 1));
  gateway.action("hang", {}, () => new Promise(() => {}));
  gateway.action("hangOrder", { idempotent: true }, () => new Promise(() => {}));
  gateway.action("fail", {}, async () => {
    await turn();
    throw new ActionError("FORBIDDEN", "no");
  });
}

/** One client's life. Sends and does not look at what comes, but for the session of its login. */
async function live(peer: Peer, random: SeededRandom, gateway: Gateway, known: WireMessage[]): Promise<void> {
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T; // within its length
  const pid = (): string => `p${random.below(6)}`;
  for (let step = 0; step < STEPS && peer.socket.readyState === 1; step++) {
    const user = pick(users);
    const channel = pick(channels);
    const old = random.below(2) === 0 ? known.at(-1) : undefined;
    const taken = { session: old?.["session"], resume: old?.["resume"] };
    const acts: (() => unknown)[] = [
      () => peer.send({ pid: pid(), action: "login", data: { user }, ...taken }),
      () => peer.send({ pid: pid(), action: "login", data: { user }, ...taken }),
      () => peer.send({ pid: pid(), action: "login", data: { user, password: "wrong" } }),
      () => peer.send({ pid: pid(), action: pick(["logout", "refresh", "ping", "unknown"]), data: { user } }),
      () => peer.send({ pid: pid(), action: pick(["subscribe", "unsubscribe", "publish"]), channel }),
      () => peer.send({ pid: pid(), action: "subscribe", channel }),
      () => peer.send({ pid: pid(), action: pick(["now", "later", "order", "hang", "hangOrder", "fail"]) }),
      () => peer.send({ action: pick(["later", "order", "hang", "fail", "cancel"]), channel }),
      () => peer.send({ pid: pid(), action: "cancel" }),
      () => peer.send(pick(["Ping", "{", '{"pid":1}'])),
      () => void gateway.publish("a:1", step),
      () => void gateway.unsubscribe({ user }, channel),
      () => random.below(6) === 0 && void gateway.kick({ user }),
      () => random.below(3) === 0 && peer.socket.terminate(),
      () => random.below(3) === 0 && peer.socket.close(),
    ];
    pick(acts)();
    // oxlint-disable-next-line no-await-in-loop -- one step after the other
    if (random.below(2) === 0) await turn();
    for (const text of peer.inbox.splice(0)) {
      if (text.includes('"resume"')) known.push(JSON.parse(text) as WireMessage);
    }
  }
  peer.socket.terminate();
}

it.each([1, 2, 3])("clients come, do whatever there is, and go: nothing is left (seed %i)", async (seed) => {
  const runtime = createVirtualRuntime();
  const random = createSeededRandom(seed);
  const { backplane, subscribed } = createSlowBackplane(random);
  const options = {
    runtime,
    backplane,
    server: { heartbeat: false },
    authenticate: async (data: unknown) => {
      await turn();
      const { user, password } = data as { user: string; password?: string };
      return password === undefined ? { id: user } : null;
    },
  } as const;
  const nodes: readonly RunningGateway[] = [
    await startGateway(options, defineActions),
    await startGateway(options, defineActions),
  ];
  const known: WireMessage[] = [];
  for (let first = 0; first < CLIENTS; first += 10) {
    const lives = Array.from({ length: 10 }, async (_, index) => {
      const node = nodes[index % 2] as RunningGateway; // there are two
      await live(await node.connect(), random, node.gateway, known);
    });
    // oxlint-disable-next-line no-await-in-loop -- ten at a time
    await Promise.all(lives);
    // oxlint-disable-next-line no-await-in-loop -- the same
    await runtime.clock.advance(random.below(20_000));
  }
  expect(known.length).toBeGreaterThan(CLIENTS / 10);
  for (const { gateway } of nodes) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await expect.poll(() => gateway.stats().connections).toBe(0);
  }
  // those that hang, those that may be resumed, what is stored
  await runtime.clock.advance(400_000);
  await expect.poll(subscribed).toBe(0);
  for (const { gateway } of nodes) {
    const { closedAsSlow: _, ...left } = gateway.stats();
    expect(Object.entries(left).filter(([, count]) => count !== 0)).toEqual([]);
    expect(gateway.sessions.size).toBe(0);
  }
  expect([runtime.wheel.size, runtime.ledger.bytes, runtime.ledger.connections]).toEqual([0, 0, 0]);
});
