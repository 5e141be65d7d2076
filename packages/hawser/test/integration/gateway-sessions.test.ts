import { describe, expect, it } from "vitest";
import { createVirtualRuntime } from "../../src/testing/index.js";
import { startGateway } from "../support/gateway-fixture.js";
import type { Peer, RunningGateway, WireMessage } from "../support/gateway-fixture.js";

/** Logs in anew, with what the response to an earlier login says. */
function resume(peer: Peer, earlier: WireMessage, user = "ann"): Promise<WireMessage> {
  const { session, resume: secret } = earlier;
  return peer.ask({ action: "login", data: { user }, session, resume: secret });
}

async function untilAlone({ gateway }: RunningGateway): Promise<void> {
  await expect.poll(() => [...gateway.sessions.values()].every((session) => !session.connected)).toBe(true);
}

describe("a session that is resumed", () => {
  it("keeps its id and channels, gets a new secret, and is told of it", async () => {
    const running = await startGateway({}, (gateway) => gateway.channel("deals:*"));
    const first = await running.connect();
    const login = await first.ask({ action: "login", data: { user: "ann" } });
    await first.ask({ action: "subscribe", channel: "deals:LLG" });
    first.socket.terminate();
    await untilAlone(running);

    const second = await running.connect();
    const resumed = await resume(second, login);
    expect(resumed).toMatchObject({ status: 1, session: login["session"], resumed: true, channels: ["deals:LLG"] });
    expect(resumed["resume"]).not.toBe(login["resume"]);
    await running.gateway.publish("deals:LLG", 1);
    expect(await second.next()).toMatchObject({ channel: "deals:LLG", data: 1 });
  });

  it("ends its older connection with 4409, whose requests are aborted", async () => {
    const aborted: unknown[] = [];
    const { connect, gateway } = await startGateway({}, (it) => {
      it.action("wait", {}, (_data, { signal }) => {
        signal.addEventListener("abort", () => aborted.push((signal.reason as { code: string }).code));
        return new Promise(() => {});
      });
    });
    const first = await connect();
    const login = await first.ask({ action: "login", data: { user: "ann" } });
    first.send({ pid: "w", action: "wait" });
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(1);

    const second = await connect();
    expect(await resume(second, login)).toMatchObject({ resumed: true, channels: [] });
    expect(await first.closed).toEqual({ code: 4409, reason: "replaced by a newer connection" });
    expect(aborted).toEqual(["CONNECTION_LOST"]);
    expect(gateway.stats()).toMatchObject({ sessions: 1, requestsInFlight: 0 });
    expect(gateway.sessions.get(String(login["session"]))?.connected).toBe(true);
    expect(await second.ask({ action: "ping" })).toMatchObject({ status: 1 });
  });

  it("is taken over once with one secret", async () => {
    const { connect } = await startGateway();
    const login = await (await connect()).ask({ action: "login", data: { user: "ann" } });
    expect(await resume(await connect(), login)).toMatchObject({ resumed: true });
    const late = await resume(await connect(), login);
    expect(late["status"]).toBe(1);
    expect(late["resumed"]).toBeUndefined();
    expect(late["session"]).not.toBe(login["session"]);
  });

  it.each([
    ["a wrong secret", { resume: "x".repeat(22) }, "ann"],
    ["a shorter one", { resume: "x" }, "ann"],
    ["none", { resume: undefined }, "ann"],
    ["a session that there is not", { session: "x".repeat(22) }, "ann"],
    ["REL-E19 another user", {}, "bob"],
  ])("is not taken over with %s: a new one begins, without an error", async (_name, change, user) => {
    const { connect, gateway } = await startGateway();
    const login = await (await connect()).ask({ action: "login", data: { user: "ann" } });
    const other = await resume(await connect(), { ...login, ...change }, user);
    expect(other["status"]).toBe(1);
    expect(other["resumed"]).toBeUndefined();
    expect(other["session"]).not.toBe(login["session"]);
    expect(gateway.stats().sessions).toBe(2);
  });

  it("is gone after the resume window, and its channels with it", async () => {
    const runtime = createVirtualRuntime();
    const running = await startGateway({ runtime, server: { heartbeat: false } }, (it) => it.channel("c"));
    const { connect, gateway } = running;
    const first = await connect();
    const login = await first.ask({ action: "login", data: { user: "ann" } });
    await first.ask({ action: "subscribe", channel: "c" });
    first.socket.terminate();
    await untilAlone(running);
    await runtime.clock.advance(59_000);
    expect(gateway.stats()).toMatchObject({ sessions: 1, subscriptions: 1 });
    await runtime.clock.advance(1100);
    expect(gateway.stats()).toMatchObject({ sessions: 0, users: 0, subscriptions: 0, channels: 0 });
    expect((await resume(await connect(), login))["resumed"]).toBeUndefined();
  });

  it("windows end one after the other, each at its time", async () => {
    const runtime = createVirtualRuntime();
    const running = await startGateway({ runtime, server: { heartbeat: false } });
    const { login, gateway } = running;
    const [ann, bob] = [await login("ann"), await login("bob")];
    ann.socket.terminate();
    await expect.poll(() => [...gateway.sessions.values()].filter((session) => session.connected).length).toBe(1);
    await runtime.clock.advance(30_000);
    bob.socket.terminate();
    await untilAlone(running);
    await runtime.clock.advance(30_100);
    expect([...gateway.sessions.values()].map((session) => session.user.id)).toEqual(["bob"]);
    await runtime.clock.advance(30_000);
    expect(gateway.sessions.size).toBe(0);
  });

  it("is worthless after a logout", async () => {
    const { connect } = await startGateway();
    const peer = await connect();
    const login = await peer.ask({ action: "login", data: { user: "ann" } });
    await peer.ask({ action: "logout" });
    expect((await resume(peer, login))["resumed"]).toBeUndefined();
  });
});

it("a logout aborts requests, leaves channels, and the connection stays", async () => {
  const { login, gateway } = await startGateway({}, (it) => {
    it.channel("c").action("wait", {}, () => new Promise(() => {}));
  });
  const peer = await login("ann");
  await peer.ask({ action: "subscribe", channel: "c" });
  peer.send({ pid: "w", action: "wait" });
  expect(await peer.ask({ pid: "out", action: "logout" })).toMatchObject({ pid: "w", error: { code: "CANCELLED" } });
  expect(await peer.next()).toEqual({ pid: "out", actionAck: "logout", status: 1 });
  await gateway.publish("c", 1);
  expect(await peer.ask({ action: "wait" })).toMatchObject({ error: { code: "UNAUTHENTICATED" } });
  expect(gateway.stats()).toMatchObject({ sessions: 0, subscriptions: 0, requestsInFlight: 0, connections: 1 });
});

it("REL-E19 ids and secrets of a thousand sessions are all different, and have 128 bits", async () => {
  const { connect } = await startGateway({ limits: { maxSessionsPerUser: 1 }, service: { rateLimit: false } });
  const peer = await connect();
  const seen = new Set<unknown>();
  for (let count = 0; count < 1000; count++) {
    peer.send({ pid: "1", action: "login", data: { user: "ann" } }).send({ pid: "2", action: "logout" });
  }
  for (let count = 0; count < 1000; count++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { session, resume: secret } = await peer.next();
    seen.add(session).add(secret);
    // oxlint-disable-next-line no-await-in-loop -- the same
    await peer.next();
  }
  expect(seen.size).toBe(2000);
  expect([...seen].every((id) => /^[\w-]{21}[AQgw]$/.test(String(id)))).toBe(true);
});
