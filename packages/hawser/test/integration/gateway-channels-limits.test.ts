// What keeps channels bounded, and what a name may be.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryBackplane } from "../../src/backplanes/memory.js";
import type { BackplaneNode } from "../../src/gateway/backplane.js";
import { ChannelBus } from "../../src/gateway/channel-bus.js";
import { Channels } from "../../src/gateway/channels.js";
import { Outbox } from "../../src/gateway/outbox.js";
import { GatewaySession } from "../../src/gateway/session.js";
import { createDeferred } from "../../src/internal/deferred.js";
import { createVirtualRuntime } from "../../src/testing/index.js";
import type { VirtualRuntime } from "../../src/testing/index.js";
import { eventually, GatewayPeer, startGateway } from "../support/gateway-peer.js";
import { openWithPeer } from "../support/socket-fixture.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Channels by themselves, on a backplane whose calls a test may change. */
interface Bench {
  readonly runtime: VirtualRuntime;
  readonly channels: Channels;
  readonly node: BackplaneNode;
  readonly errors: unknown[];
  readonly calls: string[];
}

function createBench(change: Partial<BackplaneNode> = {}, maxChannelsPerSession = 128): Bench {
  const runtime = createVirtualRuntime();
  const errors: unknown[] = [];
  const calls: string[] = [];
  const own = createMemoryBackplane().open({
    onPublication: (channel, payload) => channels.deliver(channel, payload),
    onSignal: () => {},
    onDisturbed: () => {},
  });
  const node: BackplaneNode = {
    publish: (channel, payload) => own.publish(channel, payload),
    subscribe: (channel) => (calls.push(`+${channel}`), (change.subscribe ?? own.subscribe.bind(own))(channel)),
    unsubscribe: (channel) => (calls.push(`-${channel}`), (change.unsubscribe ?? own.unsubscribe.bind(own))(channel)),
    signal: (payload) => own.signal(payload),
    close: () => own.close(),
  };
  const limits = { maxChannelsPerSession };
  const channels: Channels = new Channels({ backplane: node, runtime, limits, onError: (error) => errors.push(error) });
  channels.declare("*", { publish: true });
  return { runtime, channels, node, errors, calls };
}

async function microtasks(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

/** Takes its time for each call, and fails where it is told to; what it fails to give back is given back all the same. */
class SlowBackplane implements BackplaneNode {
  subscribed = false;
  readonly wrong: string[] = [];
  readonly #answers: { readonly turns: number; readonly fails: boolean }[];
  #busy = 0;

  constructor(answers: readonly { readonly turns: number; readonly fails: boolean }[]) {
    this.#answers = [...answers];
  }

  subscribe(): Promise<void> {
    return this.#answer(true);
  }

  unsubscribe(): Promise<void> {
    return this.#answer(false);
  }

  async publish(): Promise<void> {}
  async signal(): Promise<void> {}
  async close(): Promise<void> {}

  async #answer(subscribed: boolean): Promise<void> {
    const { turns, fails } = this.#answers.shift() ?? { turns: 0, fails: false };
    if (++this.#busy > 1) this.wrong.push("two calls at a time");
    await microtasks(turns);
    this.#busy--;
    if (!fails || !subscribed) this.subscribed = subscribed;
    if (fails) throw new Error("down");
  }
}

let sessions = 0;

function createSession(outbox: Pick<Outbox, "data" | "reply" | "dropData"> = silent): GatewaySession {
  const session = new GatewaySession(String(++sessions), { id: "user" });
  GatewaySession.setConnection(session, { outbox: outbox as Outbox, remoteAddress: undefined }); // all that channels use
  return session;
}

const silent = { data: () => {}, reply: () => {}, dropData: () => {} };

/** "done", or the code of the refusal. */
async function subscribe(channels: Channels, session: GatewaySession, name: string): Promise<string> {
  try {
    await channels.subscribe(session, name, () => {});
    return "done";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("REL-D12 subscriptions of one session", () => {
  it("are 128 at most, over the wire too, and whoever is gone has left nothing", async () => {
    const { server, gateway } = await startGateway({}, {}, { rateLimit: false });
    gateway.channel("*");
    const peer = await GatewayPeer.logIn(server, "one");
    const names = Array.from({ length: 1500 }, (_, at) => `room:${at}`);
    const outcomes: string[] = [];
    // as many at a time as may be in flight
    while (names.length > 0) {
      outcomes.push(...(await Promise.all(names.splice(0, 100).map((name) => peer.subscribe(name)))));
    }
    const count = (outcome: string): number => outcomes.filter((other) => other === outcome).length;
    expect(count("done")).toBe(128);
    expect(count("done") + count("RATE_LIMITED") + count("TOO_MANY_CHANNELS")).toBe(1500);
    expect(gateway.stats()).toMatchObject({ channels: 128, subscriptions: 128 });
    const refusal = peer.received.find(({ error }) => error?.code === "RATE_LIMITED");
    expect(refusal?.error).toMatchObject({ temporary: true, retryAfterMs: expect.any(Number) });
    await gateway.kick({ user: "one" });
    await peer.closed;
    await eventually(() => gateway.stats().connections === 0, "the end");
    expect(gateway.stats()).toMatchObject({ channels: 0, subscriptions: 0, sessions: 0, requestsInFlight: 0 });
  });

  it("count those that wait for their grant", async () => {
    const { server, gateway } = await startGateway({ limits: { maxChannelsPerSession: 3 } });
    const grant = createDeferred<boolean>();
    gateway.channel("slow:*", { subscribe: () => grant.promise }).channel("fast");
    const peer = await GatewayPeer.logIn(server, "one");
    const slow = ["slow:1", "slow:2"].map((name) => peer.subscribe(name));
    expect(await peer.subscribe("fast")).toBe("done");
    expect(await peer.subscribe("slow:3")).toBe("TOO_MANY_CHANNELS");
    await peer.unsubscribe("fast");
    slow.push(peer.subscribe("slow:3"));
    await peer.roundTrip();
    grant.resolve(true);
    expect(await Promise.all(slow)).toEqual(["done", "done", "done"]);
  });

  it("come 10 a second after a burst of 128, and the refusal says when to go on", async () => {
    const { channels, runtime } = createBench({}, 1000);
    const session = createSession();
    const outcomes: string[] = [];
    for (let at = 0; at < 130; at++) outcomes.push(await subscribe(channels, session, `room:${at}`));
    expect(outcomes.slice(126)).toEqual(["done", "done", "RATE_LIMITED", "RATE_LIMITED"]);
    expect(() => void channels.subscribe(session, "more", () => {})).toThrow(
      expect.objectContaining({ code: "RATE_LIMITED", temporary: true, retryAfterMs: 100 }),
    );
    await runtime.clock.advance(100);
    expect(await subscribe(channels, session, "more")).toBe("done");
    expect(await subscribe(channels, session, "too-much")).toBe("RATE_LIMITED");
    await runtime.clock.advance(1000);
    let granted = 0;
    for (let at = 0; at < 20; at++) if ((await subscribe(channels, session, `later:${at}`)) === "done") granted++;
    expect(granted).toBe(10);
    // what is subscribed already costs nothing
    expect(await subscribe(channels, session, "more")).toBe("done");
    channels.leaveAll(session);
    expect([channels.size, channels.subscriptions, channels.busySessions]).toEqual([0, 0, 0]);
  });
});

describe("REL-D13 channels that come and go", () => {
  it("leave nothing behind: heap flat, and every name given back to the backplane", async () => {
    const names = Number(process.env["HAWSER_CHANNEL_NAMES"] ?? 60_000);
    let subscribed = 0;
    const { channels, calls } = createBench({
      subscribe: async () => void subscribed++,
      unsubscribe: async () => void subscribed--,
    });
    const churn = async (from: number, to: number): Promise<void> => {
      for (let at = from; at < to;) {
        const session = createSession();
        // half are left one by one, half by the end of the session
        for (let own = 0; own < 100 && at < to; own++, at++) {
          await channels.subscribe(session, `room:${at}`, () => {});
          if (own % 2 === 0) channels.unsubscribe(session, `room:${at}`);
        }
        channels.leaveAll(session);
        calls.length = 0;
      }
    };
    const measure = async (): Promise<number> => {
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    await churn(0, names / 10);
    const before = await measure();
    await churn(names / 10, names);
    const growth = (await measure()) - before;
    expect([channels.size, channels.subscriptions, channels.busySessions, subscribed]).toEqual([0, 0, 0, 0]);
    // not 2 bytes a name
    expect(growth).toBeLessThan(512 * 1024);
  });

  it("ask the backplane once, however many want a channel, and give it back with the last", async () => {
    const { channels, calls } = createBench();
    const all = [createSession(), createSession(), createSession()];
    await Promise.all(all.map((session) => subscribe(channels, session, "deals")));
    for (const session of all) channels.leaveAll(session);
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual(["+deals", "-deals"]);
  });

  it("are asked of the backplane one at a time, whatever comes meanwhile", async () => {
    const steps: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
    const wait = (): Promise<void> => {
      const step = createDeferred<void>();
      steps.push({ resolve: () => step.resolve(), reject: (error) => step.reject(error) });
      return step.promise;
    };
    const next = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      steps.shift()?.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    };
    const { channels, calls, errors } = createBench({ subscribe: wait, unsubscribe: wait });
    const [one, two] = [createSession(), createSession()];
    const first = subscribe(channels, one, "deals");
    channels.unsubscribe(one, "deals");
    expect(await first).toBe("CANCELLED");
    const second = subscribe(channels, two, "deals");
    await next();
    expect(await second).toBe("done");
    expect(calls).toEqual(["+deals"]);
    channels.unsubscribe(two, "deals");
    const third = subscribe(channels, one, "deals");
    expect(calls).toEqual(["+deals", "-deals"]);
    await next();
    await next();
    expect(await third).toBe("done");
    expect(calls).toEqual(["+deals", "-deals", "+deals"]);
    // a backplane that fails to give back loses nothing of ours
    channels.leaveAll(one);
    steps.shift()?.reject(new Error("down"));
    await next();
    const fourth = subscribe(channels, two, "deals");
    steps.shift()?.reject(new Error("still down"));
    expect(await fourth).toBe("UNAVAILABLE");
    expect(errors.map(String)).toEqual(["Error: down", "Error: still down"]);
    const fifth = subscribe(channels, two, "deals");
    await next();
    expect(await fifth).toBe("done");
    expect([channels.size, channels.subscriptions]).toEqual([1, 1]);
  });

  it("for any coming and going, and any failures: asked one at a time, and in the end the backplane has what is held", async () => {
    const step = fc.record({
      do: fc.constantFrom("come", "visit", "go", "turn"),
      turns: fc.integer({ min: 0, max: 3 }),
    });
    const outcomes = fc.array(fc.record({ turns: fc.integer({ min: 0, max: 4 }), fails: fc.boolean() }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), outcomes, async (steps, answers) => {
        const backplane = new SlowBackplane(answers);
        const bus = new ChannelBus(backplane, () => {});
        let held = 0;
        const come = async (stays: boolean): Promise<void> => {
          try {
            await bus.acquire("deals");
            // whoever holds it has it, from the first moment
            if (!backplane.subscribed) backplane.wrong.push("held, and not subscribed");
            if (stays) held++;
            else bus.release("deals");
          } catch {
            // it holds nothing then
          }
        };
        const comers: Promise<void>[] = [];
        for (const { do: what, turns } of steps) {
          if (what === "come" || what === "visit") comers.push(come(what === "come"));
          if (what === "go" && held > 0) {
            held--;
            bus.release("deals");
          }
          if (what === "turn") await microtasks(turns);
        }
        await Promise.all(comers);
        await microtasks(400);
        expect(backplane.wrong).toEqual([]);
        expect([bus.size, backplane.subscribed]).toEqual([held > 0 ? 1 : 0, held > 0]);
      }),
      { numRuns: 500 },
    );
  });

  it("tell clients that the backplane is down, and nothing of why", async () => {
    const { channels, errors } = createBench({ subscribe: () => Promise.reject(new Error("secret host")) });
    const session = createSession();
    expect(await subscribe(channels, session, "deals")).toBe("UNAVAILABLE");
    expect(errors).toHaveLength(1);
    expect([...session.channels]).toEqual([]);
  });
});

describe("REL-D3 the fan-out", () => {
  it("begins for a subscriber behind its answer, however closely a publication follows the grant", async () => {
    const { channels } = createBench({ subscribe: () => Promise.resolve() });
    const came: string[] = [];
    const session = createSession({ ...silent, data: () => void came.push("publication") });
    const done = channels.subscribe(session, "deals", () => void came.push("answer"));
    for (let step = 0; step < 50; step++) {
      channels.deliver("deals", "{}");
      await Promise.resolve();
    }
    await done;
    expect(came.slice(0, 2)).toEqual(["answer", "publication"]);
    expect(came.filter((what) => what === "answer")).toHaveLength(1);
  });

  it("reaches everyone who stays, though others leave or fall behind in the middle of it", async () => {
    const { channels } = createBench();
    const got: string[] = [];
    const order: GatewaySession[] = [];
    for (const name of ["a", "b", "c", "d", "e"]) {
      order.push(
        createSession({
          ...silent,
          data: () => {
            got.push(name);
            if (name === "b") for (const at of [0, 1, 3]) channels.leaveAll(order[at] as GatewaySession); // all five are made
          },
        }),
      );
    }
    for (const session of order) await subscribe(channels, session, "deals");
    await channels.publish("deals", 1);
    await channels.publish("deals", 2);
    expect(got).toEqual(["a", "b", "c", "e", "c", "e"]);
  });

  it("encodes a publication once for all", async () => {
    const { channels } = createBench();
    const messages: unknown[] = [];
    const keep = { ...silent, data: (message: unknown) => void messages.push(message) };
    for (let count = 0; count < 3; count++) await subscribe(channels, createSession(keep), "deals");
    await channels.publish("deals", { a: 1 });
    expect(new Set(messages).size).toBe(1);
    expect(messages).toHaveLength(3);
  });

  it("waits for nobody: a subscriber that takes nothing costs the others no turn", async () => {
    const { channels, runtime } = createBench();
    const stuck = openWithPeer({ transport: { capacityBytes: 100 }, options: { writeTimeoutMs: 60_000 } });
    stuck.peer.pause();
    const limits = { maxOutboxMessages: 1000, maxOutboxBytes: 1024 * 1024 };
    const slow: unknown[] = [];
    const outbox = new Outbox(stuck.socket, limits, runtime, () => slow.push(1));
    let taken = 0;
    await subscribe(channels, createSession(outbox), "deals");
    await subscribe(channels, createSession({ ...silent, data: () => void taken++ }), "deals");
    // in one turn, and without a wait in between
    const published = Array.from({ length: 1500 }, () => channels.publish("deals", "x".repeat(1000)));
    expect(taken).toBe(1500);
    expect([slow.length, outbox.queuedMessages]).toEqual([1, 0]);
    await Promise.all(published);
  });
});

describe("REL-E15 REL-E16 names of channels", () => {
  const nasty = [
    "",
    "*",
    "deals*",
    ">",
    "a b",
    "a\r\nPUBLISH x",
    "a\u0000b",
    "dеals", // with a Cyrillic letter
    "deals\u200b",
    "ﬁne",
    "$SYS.x",
    "[a-z]",
    "a?b",
    "a/b",
    "a".repeat(256),
    "\ud800",
  ];

  it("are refused when they are none, and nothing is subscribed, published or thrown", async () => {
    const errors: unknown[] = [];
    const { server, gateway } = await startGateway({ onError: (error) => errors.push(error) });
    gateway.channel("*", { publish: true });
    const peer = await GatewayPeer.logIn(server, "one");
    for (const name of nasty) {
      expect([name, await peer.subscribe(name)]).toEqual([name, "BAD_REQUEST"]);
      expect(await peer.unsubscribe(name)).toBe("BAD_REQUEST");
      expect(await peer.outcome("publish", { channel: name, data: 1 })).toBe("BAD_REQUEST");
    }
    for (const channel of [1, {}, ["deals"], true, null]) {
      expect(await peer.outcome("subscribe", { channel })).toBe("BAD_REQUEST");
    }
    expect(gateway.stats()).toMatchObject({ channels: 0, subscriptions: 0 });
    expect(errors).toEqual([]);
  });

  it("are compared byte by byte, whatever else they could mean", async () => {
    const { server, gateway } = await startGateway();
    gateway.channel("*", { publish: true });
    const names = [
      "deals",
      "Deals",
      "DEALS",
      "deal",
      "deals.",
      "..",
      "__proto__",
      "constructor",
      "hasOwnProperty",
      "-1",
      "0",
    ];
    const peer = await GatewayPeer.logIn(server, "one");
    for (const name of names) expect(await peer.subscribe(name)).toBe("done");
    for (const name of names) await gateway.publish(name, name);
    await peer.roundTrip();
    for (const name of names) expect(peer.data(name)).toEqual([name]);
    expect(peer.publications()).toHaveLength(names.length);
    for (const name of names) expect(await peer.unsubscribe(name)).toBe("done");
    expect(gateway.stats()).toMatchObject({ channels: 0, subscriptions: 0 });
  });

  it("for any text: either exactly the rule of the protocol, or BAD_REQUEST", async () => {
    const { channels } = createBench();
    const allowed = /^[A-Za-z0-9:_.-]{1,255}$/;
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.string({ unit: fc.constantFrom(..."aZ09:_.-*> é\n".split("")), maxLength: 10 }),
      fc.constantFrom(...nasty),
    );
    await fc.assert(
      fc.asyncProperty(text, async (name) => {
        const session = createSession();
        const outcome = await subscribe(channels, session, name);
        expect(outcome).toBe(allowed.test(name) && !name.includes("\n") ? "done" : "BAD_REQUEST");
        expect([...session.channels]).toEqual(outcome === "done" ? [name] : []);
        channels.leaveAll(session);
        expect([channels.size, channels.busySessions]).toEqual([0, 0]);
      }),
      { numRuns: 500 },
    );
  });
});
