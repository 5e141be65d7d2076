// What comes late, or from an application that promises where it should not: nothing of it harms the process, or outlives its end.
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMemoryBackplane } from "../../src/backplanes/memory.js";
import { createDeferred } from "../../src/internal/deferred.js";
import { createVirtualRuntime } from "../../src/testing/index.js";
import { startGateway } from "../support/gateway-fixture.js";

const still = { server: { heartbeat: false } } as const;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a rejection that nobody waits for", () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  beforeEach(() => {
    unhandled.length = 0;
    process.on("unhandledRejection", note);
  });
  afterEach(() => void process.off("unhandledRejection", note));

  it("of an audit, or of onError, is nobody's", async () => {
    const reject = async (): Promise<never> => {
      throw new Error("the log is away");
    };
    // oxlint-disable-next-line typescript/no-misused-promises -- the mistake that is tested
    const { login } = await startGateway({ audit: reject, onError: reject }, (gateway) => {
      gateway.action("fail", {}, () => {
        throw new Error("no");
      });
    });
    expect(await (await login("ann")).ask({ action: "fail" })).toMatchObject({ error: { code: "INTERNAL" } });
    await turn();
    expect(unhandled).toEqual([]);
  });

  it("of a gateway that was closed is the caller's, who may not look at it", async () => {
    const { gateway } = await startGateway();
    await gateway.close();
    const calls = [
      gateway.send({ user: "ann" }, "hello"),
      gateway.broadcast("hello"),
      gateway.unsubscribe({ user: "ann" }, "c"),
      gateway.kick({ user: "ann" }),
    ];
    await turn();
    expect(unhandled).toEqual([]);
    for (const { status } of await Promise.allSettled(calls)) expect(status).toBe("rejected");
  });
});

describe("loginData that answers a promise", () => {
  it("is waited for", async () => {
    const { connect } = await startGateway({ loginData: async ({ id }) => ({ hello: id }) });
    expect(await (await connect()).ask({ action: "login", data: { user: "ann" } })).toMatchObject({
      status: 1,
      data: { hello: "ann" },
    });
  });

  it("and rejects, refuses the login; nothing was changed", async () => {
    const { connect, gateway, errors } = await startGateway({
      loginData: async () => {
        throw new Error("the database is away");
      },
    });
    const peer = await connect();
    expect(await peer.ask({ action: "login", data: { user: "ann" } })).toMatchObject({ error: { code: "INTERNAL" } });
    expect(errors).toMatchObject([{ cause: { message: "the database is away" } }]);
    expect(gateway.stats().sessions).toBe(0);
  });

  it("has to have a JSON, or nobody is logged in", async () => {
    const { connect, gateway, errors } = await startGateway({ loginData: () => ({ volume: 1n }) });
    const peer = await connect();
    expect(await peer.ask({ action: "login", data: { user: "ann" } })).toMatchObject({ error: { code: "INTERNAL" } });
    expect(errors).toHaveLength(1);
    expect(gateway.stats().sessions).toBe(0);
  });
});

describe("a login that is decided late", () => {
  it("takes no session for a connection that is being closed", async () => {
    const runtime = createVirtualRuntime();
    const decided = createDeferred<{ id: string }>();
    let asked = 0;
    const { connect, login, gateway } = await startGateway({
      runtime,
      ...still,
      authenticate: () => (asked++ === 0 ? { id: "ann" } : decided.promise),
    });
    const first = await login("ann");
    const peer = await connect();
    peer.send({ pid: "late", action: "login", data: { user: "ann" } });
    await expect.poll(() => asked).toBe(2);
    // it reads nothing, so that the closing handshake takes its time
    peer.socket.pause();
    await runtime.clock.advance(10_100);
    decided.resolve({ id: "ann" });
    await turn();
    expect(gateway.stats()).toMatchObject({ sessions: 1, connections: 2 });
    peer.socket.resume();
    expect(await peer.code()).toBe(4401);
    expect(await first.ask({ action: "ping" })).toMatchObject({ status: 1 });
  });

  it("ends by time, like any other request: what comes behind it goes on", async () => {
    const runtime = createVirtualRuntime();
    let asked = 0;
    const { login, gateway } = await startGateway({
      runtime,
      ...still,
      authenticate: () => (asked++ === 0 ? { id: "ann" } : new Promise(() => {})),
    });
    const peer = await login("ann");
    peer.send({ pid: "r", action: "refresh" }).send({ pid: "p", action: "ping" });
    await expect.poll(() => asked).toBe(2);
    await runtime.clock.advance(30_100);
    expect(await peer.next()).toMatchObject({ pid: "r", error: { code: "TIMEOUT", temporary: true } });
    expect(await peer.next()).toMatchObject({ pid: "p", status: 1 });
    expect(gateway.stats().sessions).toBe(1);
  });
});

describe("a handler that ends its own session", () => {
  it("is told by its signal, as any other that runs then", async () => {
    const reasons: unknown[] = [];
    const { login, gateway } = await startGateway({}, (it) => {
      it.action("leave", {}, async (_data, { session, signal }) => {
        void it.kick({ session: session.id });
        if (!signal.aborted) await once(signal, "abort");
        reasons.push(signal.reason);
      });
    });
    const peer = await login("ann");
    peer.send({ pid: "1", action: "leave" });
    expect(await peer.code()).toBe(4403);
    await expect.poll(() => reasons).toMatchObject([{ code: "CONNECTION_LOST" }]);
    expect(gateway.stats()).toMatchObject({ requestsInFlight: 0, sessions: 0 });
  });
});

describe("what the application grants late", () => {
  it("is not published for a session that has ended", async () => {
    const granted = createDeferred<boolean>();
    let asked = 0;
    const { login, gateway } = await startGateway({}, (it) => {
      it.channel("c", { publish: () => (asked++, granted.promise) });
    });
    const [ann, bob] = [await login("ann"), await login("bob")];
    await bob.ask({ action: "subscribe", channel: "c" });
    ann.send({ pid: "1", action: "publish", channel: "c", data: 1 });
    ann.send({ pid: "2", action: "publish", channel: "c", data: 2 });
    await expect.poll(() => asked).toBe(1);
    await gateway.kick({ user: "ann" });
    granted.resolve(true);
    await turn();
    await gateway.publish("c", "the only one");
    expect(await bob.next()).toMatchObject({ data: "the only one" });
    expect(asked).toBe(1);
  });

  it("subscribes nobody whose requests were all refused by then", async () => {
    const granted = createDeferred<boolean>();
    let asked = 0;
    const { login, gateway } = await startGateway({}, (it) => {
      it.channel("c", { subscribe: () => (asked++, granted.promise) });
    });
    const [ann, bob] = [await login("ann"), await login("bob")];
    ann.send({ pid: "1", action: "subscribe", channel: "c" }).send({ pid: "1", action: "cancel" });
    expect(await ann.next()).toMatchObject({ pid: "1", error: { code: "CANCELLED" } });
    bob.send({ pid: "1", action: "subscribe", channel: "c" }).send({ pid: "2", action: "subscribe", channel: "c" });
    bob.send({ pid: "1", action: "cancel" });
    expect(await bob.next()).toMatchObject({ pid: "1", error: { code: "CANCELLED" } });
    await expect.poll(() => asked).toBe(2);
    granted.resolve(true);
    expect(await bob.next()).toMatchObject({ pid: "2", status: 1 });
    await ann.ask({ action: "ping" });
    expect(gateway.stats().subscriptions).toBe(1);
    // it may ask again
    expect(await ann.ask({ action: "subscribe", channel: "c" })).toMatchObject({ status: 1 });
    expect(gateway.stats().subscriptions).toBe(2);
  });
});

describe("while the application does not decide", () => {
  // cancelling makes room for further requests, and what was asked waits on
  it.each([
    ["subscriptions to one channel", "subscribe", () => "room"],
    ["publications to one channel", "publish", () => "room"],
    ["publications to many", "publish", (count: number) => `room${count}`],
  ] as const)("%s that a session has under way are bounded", async (_name, action, channel) => {
    let asked = 0;
    const never = (): Promise<boolean> => (asked++, new Promise(() => {}));
    const { login } = await startGateway({ service: { rateLimit: false } }, (it) => {
      it.channel("*", { subscribe: never, publish: never });
    });
    const peer = await login("ann");
    for (let count = 0; count < 101; count++) {
      peer.send({ pid: `${count}`, action, channel: channel(count) }).send({ pid: `${count}`, action: "cancel" });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const code = await peer.next();
      expect(code, `the answer to ${count}`).toMatchObject({
        error: { code: count < 100 ? "CANCELLED" : "TOO_MANY_REQUESTS" },
      });
    }
    expect(asked).toBeLessThanOrEqual(100);
  });
});

it("a kick from another node that no connection can be closed with is not carried out", async () => {
  const backplane = createMemoryBackplane();
  const { login, gateway } = await startGateway({ backplane });
  const ann = await login("ann");
  const other = backplane.open({ onPublication() {}, onSignal() {}, onDisturbed() {} });
  const to = { user: "ann" };
  for (const wrong of [
    { code: 99, reason: "" },
    { code: 4403, reason: "x".repeat(124) },
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await other.signal(JSON.stringify({ do: "kick", to, ...wrong }));
  }
  expect(await ann.ask({ action: "ping" })).toMatchObject({ status: 1 });
  expect(gateway.stats().sessions).toBe(1);
  await other.signal(JSON.stringify({ do: "kick", to, code: 4403, reason: "x".repeat(123) }));
  expect(await ann.code()).toBe(4403);
});
