import { describe, expect, it } from "vitest";
import { createGateway } from "../../src/entries/gateway.js";
import { createMemoryBackplane } from "../../src/backplanes/memory.js";
import { authenticate, startGateway } from "../support/gateway-fixture.js";

describe("a push", () => {
  it("reaches all sessions of a user, and nobody else", async () => {
    const { login, gateway } = await startGateway();
    const [phone, desk, bob] = [await login("ann"), await login("ann"), await login("bob")];
    await gateway.send({ user: "ann" }, "addDeal", { external_order_id: "860" });
    const push = { actionAck: "addDeal", status: 1, data: { external_order_id: "860" } };
    expect([await phone.next(), await desk.next()]).toEqual([push, push]);
    expect(await bob.ask({ action: "ping" })).toMatchObject({ actionAck: "ping" });
  });

  it("reaches one session", async () => {
    const { login, connect, gateway } = await startGateway();
    const other = await login("ann");
    const peer = await connect();
    const { session } = await peer.ask({ action: "login", data: { user: "ann" } });
    await gateway.send({ session: String(session) }, "hello");
    expect(await peer.next()).toEqual({ actionAck: "hello", status: 1 });
    expect(await other.ask({ action: "ping" })).toMatchObject({ actionAck: "ping" });
  });

  it("reaches everyone who is logged in, and nobody who is not", async () => {
    const { login, connect, gateway } = await startGateway();
    const [ann, bob, stranger] = [await login("ann"), await login("bob"), await connect()];
    await gateway.broadcast("closing", { inMs: 5 });
    for (const peer of [ann, bob]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await peer.next()).toEqual({ actionAck: "closing", status: 1, data: { inMs: 5 } });
    }
    expect(await stranger.ask({ action: "ping" })).toMatchObject({ actionAck: "ping" });
  });

  it("to nobody is done, and to a session without a connection is dropped", async () => {
    const { login, gateway } = await startGateway();
    const peer = await login("ann");
    peer.socket.terminate();
    await expect.poll(() => [...gateway.sessions.values()].some((session) => session.connected)).toBe(false);
    await gateway.send({ user: "ann" }, "hello");
    await gateway.send({ user: "nobody" }, "hello");
    await gateway.send({ session: "none" }, "hello");
    expect(gateway.stats().sessions).toBe(1);
  });

  it.each([
    ["no target", undefined, "a"],
    ["two targets", { user: "ann", session: "s" }, "a"],
    ["a target that is no text", { user: 7 }, "a"],
    ["an empty event", { user: "ann" }, ""],
    ["an event that is the gateway's", { user: "ann" }, "login"],
    ["an event that is no text", { user: "ann" }, 7],
  ])("with %s is refused INVALID_ARGUMENT", async (_name, target, event) => {
    const { gateway } = await startGateway();
    await expect(gateway.send(target as never, event as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("with data that cannot be written is refused, and nobody gets anything", async () => {
    const { gateway } = await startGateway();
    await expect(gateway.broadcast("a", 1n)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("a kick", () => {
  it("closes the connections of a user with 4403 and forgets the sessions", async () => {
    const { login, connect, gateway } = await startGateway();
    const [phone, bob] = [await login("ann"), await login("bob")];
    const desk = await connect();
    const earlier = await desk.ask({ action: "login", data: { user: "ann" } });
    await gateway.kick({ user: "ann" });
    expect(await phone.closed).toEqual({ code: 4403, reason: "kicked" });
    expect(await desk.code()).toBe(4403);
    expect(gateway.stats()).toMatchObject({ sessions: 1, users: 1 });
    const again = await connect();
    const { session, resume } = earlier;
    const login2 = await again.ask({ action: "login", data: { user: "ann" }, session, resume });
    expect(login2["resumed"]).toBeUndefined();
    expect(await bob.ask({ action: "ping" })).toMatchObject({ status: 1 });
  });

  it("may have another code and reason, and may be of one session", async () => {
    const { connect, gateway } = await startGateway();
    const peer = await connect();
    const { session } = await peer.ask({ action: "login", data: { user: "ann" } });
    await gateway.kick({ session: String(session) }, 4100, "moved");
    expect(await peer.closed).toEqual({ code: 4100, reason: "moved" });
  });

  it("forgets a session without a connection", async () => {
    const { login, gateway } = await startGateway();
    const peer = await login("ann");
    peer.socket.terminate();
    await expect.poll(() => [...gateway.sessions.values()].some((session) => session.connected)).toBe(false);
    await gateway.kick({ user: "ann" });
    expect(gateway.stats()).toMatchObject({ sessions: 0, users: 0 });
  });

  it.each([
    [999, "x"],
    [1006, "x"],
    [1001, "x"],
    [4403.5, "x"],
    [4403, "x".repeat(124)],
  ])("with the code %d and a reason of %j is refused INVALID_ARGUMENT", async (code, reason) => {
    const { gateway } = await startGateway();
    await expect(gateway.kick({ user: "ann" }, code, reason)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("two gateways on one backplane", () => {
  it("reach each other's sessions", async () => {
    const backplane = createMemoryBackplane();
    const [here, there] = [await startGateway({ backplane }), await startGateway({ backplane })];
    const [ann, bob] = [await here.login("ann"), await there.login("bob")];
    await here.gateway.send({ user: "bob" }, "one", 1);
    expect(await bob.next()).toMatchObject({ actionAck: "one", data: 1 });
    await there.gateway.broadcast("two");
    expect(await ann.next()).toMatchObject({ actionAck: "two" });
    expect(await bob.next()).toMatchObject({ actionAck: "two" });
    await there.gateway.kick({ user: "ann" });
    expect(await ann.code()).toBe(4403);
  });

  it("pay no heed to signals that they do not understand", async () => {
    const backplane = createMemoryBackplane();
    const { login, gateway } = await startGateway({ backplane });
    const peer = await login("ann");
    const node = backplane.open({ onPublication: () => {}, onSignal: () => {}, onDisturbed: () => {} });
    for (const payload of [
      "",
      "nonsense",
      "{}",
      '{"do":"dance","to":"everyone"}',
      '{"do":"kick","to":{"user":"ann"}}',
      "null\nx",
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await node.signal(payload);
    }
    await gateway.send({ user: "ann" }, "hello");
    expect(await peer.next()).toMatchObject({ actionAck: "hello" });
  });
});

describe("a gateway that is closed", () => {
  it("has ended every session; nobody logs in, and nothing is sent any more", async () => {
    const { login, gateway } = await startGateway({}, (it) => {
      it.channel("c").action("wait", {}, () => new Promise(() => {}));
    });
    const peer = await login("ann");
    await peer.ask({ action: "subscribe", channel: "c" });
    peer.send({ pid: "1", action: "wait" });
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(1);
    await gateway.close();
    await gateway.close();
    expect(await peer.next()).toMatchObject({ pid: "1", error: { code: "CANCELLED" } });
    expect(gateway.stats()).toMatchObject({ sessions: 0, subscriptions: 0, requestsInFlight: 0, connections: 1 });
    expect(await peer.ask({ action: "login", data: { user: "ann" } })).toMatchObject({
      error: { code: "UNAVAILABLE" },
    });
    await expect(gateway.broadcast("a")).rejects.toMatchObject({ code: "INVALID_STATE" });
  });
});

it.each([
  ["no authenticate", {}],
  ["a misspelt option", { authenticate, onErrors: () => {} }],
  ["a misspelt limit", { authenticate, limits: { maxSession: 5 } }],
  ["a limit of 0", { authenticate, limits: { maxSessionsPerUser: 0 } }],
  ["an audit that is no function", { authenticate, audit: {} }],
  ["authenticateAtHandshake that is no boolean", { authenticate, authenticateAtHandshake: 1 }],
  ["redact that is no list", { authenticate, redact: "password" }],
])("a gateway with %s is refused", (_name, options) => {
  expect(() => createGateway(options as never)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error);
});
