// What clients see of channels, over real connections and without a client of ours.
import { describe, expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import { eventually, GatewayPeer, startGateway } from "../support/gateway-peer.js";
import type { Received, Stage } from "../support/gateway-peer.js";

describe("subscribe and publish", () => {
  it("brings what the server publishes, with event and key on top, to those subscribed alone", async () => {
    const { server, gateway } = await startGateway();
    gateway.channel("deals:*");
    const one = await GatewayPeer.logIn(server, "one");
    const two = await GatewayPeer.logIn(server, "two");
    expect(await one.request("subscribe", { channel: "deals:LLG" })).toEqual({
      pid: "2",
      actionAck: "subscribe",
      status: 1,
      channel: "deals:LLG",
    });
    await gateway.publish("deals:LLG", { price: "1989.1" });
    await gateway.publish("deals:LLG", [1], { event: "addDeal", key: "860" });
    await gateway.publish("deals:GOLD", "to nobody");
    await one.roundTrip();
    await two.roundTrip();
    expect(one.publications()).toEqual([
      { actionAck: "message", status: 1, channel: "deals:LLG", data: { price: "1989.1" } },
      { actionAck: "addDeal", status: 1, channel: "deals:LLG", key: "860", data: [1] },
    ]);
    expect(two.publications()).toEqual([]);
    expect(gateway.stats()).toMatchObject({ channels: 1, subscriptions: 1 });
  });

  it("brings what clients publish, where the channel allows it, to its publisher too", async () => {
    const { server, gateway } = await startGateway();
    gateway.channel("room:*", { publish: true });
    gateway.channel("news");
    const one = await GatewayPeer.logIn(server, "one");
    const two = await GatewayPeer.logIn(server, "two");
    await Promise.all([one.subscribe("room:1"), two.subscribe("room:1")]);
    const published = await one.request("publish", {
      channel: "room:1",
      event: "said",
      key: "k",
      data: { text: "hi" },
    });
    expect(published).toEqual({ pid: published.pid, actionAck: "publish", status: 1, channel: "room:1" });
    const publication = { actionAck: "said", status: 1, channel: "room:1", key: "k", data: { text: "hi" } };
    await two.until(() => two.publications().length === 1, "the publication");
    expect([one.publications(), two.publications()]).toEqual([[publication], [publication]]);
    expect(await one.outcome("publish", { channel: "news", data: 1 })).toBe("FORBIDDEN");
    expect(await one.outcome("publish", { channel: "nothing", data: 1 })).toBe("UNKNOWN_CHANNEL");
    expect(await one.outcome("publish", { channel: "room:1", event: "unsubscribed" })).toBe("BAD_REQUEST");
    expect(await one.outcome("publish", { channel: "room:1", key: "" })).toBe("BAD_REQUEST");
    expect(await one.outcome("publish", { data: 1 })).toBe("BAD_REQUEST");
    // without a pid it is carried out and not answered
    one.send({ action: "publish", channel: "room:1", data: "quiet" });
    await two.until(() => two.publications().length === 2, "the publication");
    expect(two.data()).toEqual([{ text: "hi" }, "quiet"]);
  });

  it("takes a subscription twice, and an unsubscription from what was not subscribed, as done", async () => {
    const { server, gateway } = await startGateway();
    gateway.channel("deals");
    const peer = await GatewayPeer.logIn(server, "one");
    expect(await peer.unsubscribe("deals")).toBe("done");
    expect(await peer.subscribe("deals")).toBe("done");
    expect(await peer.subscribe("deals")).toBe("done");
    await gateway.publish("deals", 1);
    await peer.roundTrip();
    expect(peer.data()).toEqual([1]);
    expect(await peer.unsubscribe("deals")).toBe("done");
    expect(gateway.stats()).toMatchObject({ channels: 0, subscriptions: 0 });
  });

  it("needs a login", async () => {
    const { server, gateway } = await startGateway();
    gateway.channel("deals", { publish: true });
    const peer = await GatewayPeer.connect(server);
    expect(await peer.subscribe("deals")).toBe("UNAUTHENTICATED");
    expect(await peer.outcome("publish", { channel: "deals" })).toBe("UNAUTHENTICATED");
  });

  it("answers subscribe before the first publication, and brings none after the answer to unsubscribe", async () => {
    const { server, gateway } = await startGateway();
    gateway.channel("ticks", { subscribe: async () => true });
    const peer = await GatewayPeer.logIn(server, "one");
    let publishing = true;
    let count = 0;
    const publisher = (async () => {
      while (publishing) {
        for (let burst = 0; burst < 20; burst++) void gateway.publish("ticks", count++);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let round = 0; round < 30; round++) {
      const before = peer.received.length;
      expect(await peer.subscribe("ticks")).toBe("done");
      await peer.until(() => (peer.received.at(-1)?.channel ?? "") === "ticks", "a publication");
      const first = peer.received
        .slice(before)
        .findIndex(({ channel, pid }) => channel === "ticks" && pid === undefined);
      const answer = peer.received.slice(before).findIndex(({ actionAck }) => actionAck === "subscribe");
      expect(answer).toBeLessThan(first);
      expect(await peer.unsubscribe("ticks")).toBe("done");
      const end = peer.received.length;
      await peer.roundTrip();
      expect(peer.received.slice(end).map(({ actionAck }) => actionAck)).toEqual(["ping"]);
    }
    publishing = false;
    await publisher;
  });

  it("keeps the order of each publisher", async () => {
    const { server, gateway } = await startGateway();
    gateway.channel("room", {
      // what is asked for later is granted earlier
      publish: async (_session, _channel, data) => {
        for (let turns = (data as { at: number }).at % 5; turns < 5; turns++) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        return true;
      },
    });
    const peers = await Promise.all(["a", "b", "c"].map((user) => GatewayPeer.logIn(server, user)));
    await Promise.all(peers.map((peer) => peer.subscribe("room")));
    for (let at = 0; at < 60; at++) {
      for (const [by, peer] of peers.entries()) peer.send({ action: "publish", channel: "room", data: { by, at } });
    }
    const numbers = Array.from({ length: 60 }, (_, at) => at);
    for (const peer of peers) {
      await peer.until(() => peer.publications().length === 180, "all publications");
      const data = peer.data() as { by: number; at: number }[];
      for (const by of [0, 1, 2]) expect(data.filter((item) => item.by === by).map(({ at }) => at)).toEqual(numbers);
    }
  });
});

describe("declared patterns", () => {
  it("has the longest that fits decide, and a name by itself before all", async () => {
    const { server, gateway } = await startGateway();
    const rule = (allowed: boolean) => ({ subscribe: () => allowed });
    gateway.channel("*", rule(false)).channel("a:*", rule(true)).channel("a:b:*", rule(false));
    gateway.channel("a:b:c", rule(true)).channel("a:b:c*", rule(false));
    const peer = await GatewayPeer.logIn(server, "one");
    const outcomes: Record<string, string> = {};
    for (const name of ["z", "a:", "a:x", "a:b", "a:b:", "a:b:c", "a:b:cc", "A:x"]) {
      outcomes[name] = await peer.subscribe(name);
    }
    expect(outcomes).toEqual({
      z: "FORBIDDEN",
      "a:": "done",
      "a:x": "done",
      "a:b": "done",
      "a:b:": "FORBIDDEN",
      "a:b:c": "done",
      "a:b:cc": "FORBIDDEN",
      "A:x": "FORBIDDEN",
    });
  });

  it.each(["", "a b", "a*b", "**", "*a", "ä", `${"x".repeat(256)}`, "$SYS", ">"])(
    "refuses the pattern %j",
    async (pattern) => {
      const { gateway } = await startGateway();
      expect(() => gateway.channel(pattern)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    },
  );

  it("refuses a pattern declared twice, rules that are none, and bad publications of the server", async () => {
    const { gateway } = await startGateway();
    gateway.channel("deals*").channel("deals");
    const invalid = { code: "INVALID_ARGUMENT" };
    expect(() => gateway.channel("deals*")).toThrow(expect.objectContaining(invalid));
    expect(() => gateway.channel("deals")).toThrow(expect.objectContaining(invalid));
    expect(() => gateway.channel("x", { subscribe: "yes" as unknown as boolean })).toThrow(
      expect.objectContaining(invalid),
    );
    await expect(gateway.publish("a b", 1)).rejects.toMatchObject(invalid);
    await expect(gateway.publish("undeclared", 1)).rejects.toMatchObject(invalid);
    await expect(gateway.publish("deals", 1, { event: "unsubscribed" })).rejects.toMatchObject(invalid);
    await expect(gateway.publish("deals", 1, { event: "" })).rejects.toMatchObject(invalid);
    await expect(gateway.publish("deals", 1, { key: "x".repeat(256) })).rejects.toMatchObject(invalid);
    await expect(gateway.publish("deals", 1n)).rejects.toMatchObject(invalid);
  });
});

describe("authorization", () => {
  it("asks at once or later, and tells the peer no more than it must know", async () => {
    const errors: unknown[] = [];
    const { server, gateway } = await startGateway({ onError: (error) => errors.push(error) });
    gateway.channel("now", { subscribe: ({ user }, channel) => user.id === "one" && channel === "now" });
    gateway.channel("later", { subscribe: async ({ user }) => user.id === "one" });
    gateway.channel("throws", {
      subscribe: () => {
        throw new Error("the password of the database is secret");
      },
    });
    gateway.channel("rejects", { subscribe: () => Promise.reject(new Error("down")) });
    gateway.channel("truthy", { subscribe: () => 1 as unknown as boolean });
    gateway.channel("never", { subscribe: false });
    const one = await GatewayPeer.logIn(server, "one");
    const two = await GatewayPeer.logIn(server, "two");
    const outcomes = async (peer: GatewayPeer): Promise<unknown> =>
      Promise.all(["now", "later", "throws", "rejects", "truthy", "never"].map((name) => peer.subscribe(name)));
    expect(await outcomes(one)).toEqual(["done", "done", "INTERNAL", "INTERNAL", "FORBIDDEN", "FORBIDDEN"]);
    expect(await outcomes(two)).toEqual(["FORBIDDEN", "FORBIDDEN", "INTERNAL", "INTERNAL", "FORBIDDEN", "FORBIDDEN"]);
    expect(JSON.stringify([one.received, two.received])).not.toMatch(/password|down/);
    expect(errors).toHaveLength(4);
    expect(gateway.stats()).toMatchObject({ channels: 2, subscriptions: 2 });
  });

  it("has an unsubscription win over a grant that comes later", async () => {
    const grants: (() => void)[] = [];
    const { server, gateway } = await startGateway();
    gateway.channel("deals", { subscribe: () => new Promise((resolve) => grants.push(() => resolve(true))) });
    const peer = await GatewayPeer.logIn(server, "one");
    const first = peer.subscribe("deals");
    await eventually(() => grants.length === 1, "the question");
    expect(await peer.unsubscribe("deals")).toBe("done");
    expect(await first).toBe("CANCELLED");
    const second = peer.subscribe("deals");
    await eventually(() => grants.length === 2, "the second question");
    grants[0]?.();
    await peer.roundTrip();
    await gateway.publish("deals", "too early");
    expect(gateway.stats()).toMatchObject({ channels: 0, subscriptions: 0 });
    grants[1]?.();
    expect(await second).toBe("done");
    await gateway.publish("deals", "granted");
    await peer.roundTrip();
    expect(peer.data()).toEqual(["granted"]);
  });

  it("asks once for those who ask again meanwhile, and answers each", async () => {
    const grant = createDeferred<boolean>();
    let questions = 0;
    const { server, gateway } = await startGateway();
    gateway.channel("deals", { subscribe: () => (questions++, grant.promise) });
    const peer = await GatewayPeer.logIn(server, "one");
    const outcomes = [peer.subscribe("deals"), peer.subscribe("deals"), peer.subscribe("deals")];
    await peer.roundTrip();
    grant.resolve(true);
    expect(await Promise.all(outcomes)).toEqual(["done", "done", "done"]);
    expect([questions, gateway.stats().subscriptions]).toEqual([1, 1]);
  });

  /** How a connection ends while the application thinks about its subscription. */
  const endings: Record<string, (stage: Stage, peer: GatewayPeer, login: Received) => Promise<unknown>> = {
    closes: async ({ gateway }, peer) => {
      peer.socket.close();
      await peer.closed;
      await eventually(() => [...gateway.sessions.values()].every(({ connected }) => !connected), "the end");
    },
    "logs out": (_stage, peer) => peer.request("logout"),
    "is kicked": ({ gateway }) => gateway.kick({ user: "one" }),
    "is resumed elsewhere": async ({ server }, peer, { session, resume }) => {
      const next = await GatewayPeer.connect(server);
      await next.request("login", { data: { user: "one" }, session, resume });
      await peer.closed;
    },
  };

  it.each(Object.entries(endings))(
    "has the end of the connection win over a grant that comes later: it %s",
    async (_how, end) => {
      const grant = createDeferred<boolean>();
      let asked = 0;
      const stage = await startGateway();
      const { server, gateway } = stage;
      gateway.channel("deals", { subscribe: () => (asked++, grant.promise) });
      const peer = await GatewayPeer.connect(server);
      const login = await peer.request("login", { data: { user: "one" } });
      peer.send({ pid: "s", action: "subscribe", channel: "deals" });
      await eventually(() => asked === 1, "the question");
      await end(stage, peer, login);
      grant.resolve(true);
      await new Promise((resolve) => setImmediate(resolve));
      expect(gateway.stats()).toMatchObject({ channels: 0, subscriptions: 0 });
      expect([...gateway.sessions.values()].flatMap(({ channels }) => [...channels])).toEqual([]);
    },
  );
});

describe("the end of a subscription", () => {
  it("is the end of the session, or its logout; a resumed one keeps its channels", async () => {
    const { server, gateway } = await startGateway();
    gateway.channel("deals");
    const first = await GatewayPeer.connect(server);
    const { session, resume } = await first.request("login", { data: { user: "one" } });
    await first.subscribe("deals");
    first.socket.terminate();
    await eventually(() => gateway.sessions.get(session ?? "")?.connected === false, "the end of the connection");
    await gateway.publish("deals", "missed");
    const second = await GatewayPeer.connect(server);
    const login = await second.request("login", { data: { user: "one" }, session, resume });
    expect(login).toMatchObject({ resumed: true, channels: ["deals"] });
    await gateway.publish("deals", "seen");
    await second.roundTrip();
    expect(second.data()).toEqual(["seen"]);
    await second.request("logout");
    expect(gateway.stats()).toMatchObject({ channels: 0, subscriptions: 0, sessions: 0 });
  });

  it("may be the server's: it takes the subscription away and says so, and the client may ask again", async () => {
    const { server, gateway } = await startGateway();
    gateway.channel("deals").channel("news");
    const one = await GatewayPeer.logIn(server, "one");
    const two = await GatewayPeer.logIn(server, "two");
    for (const peer of [one, two]) await Promise.all([peer.subscribe("deals"), peer.subscribe("news")]);
    await gateway.unsubscribe({ user: "one" }, "deals");
    await gateway.unsubscribe({ user: "two" }, "undeclared");
    await gateway.publish("deals", 1);
    await gateway.publish("news", 2);
    await one.roundTrip();
    await two.roundTrip();
    expect(one.publications()).toEqual([
      {
        actionAck: "unsubscribed",
        status: 0,
        channel: "deals",
        error: { code: "FORBIDDEN", message: expect.any(String), temporary: false },
      },
      { actionAck: "message", status: 1, channel: "news", data: 2 },
    ]);
    expect(two.data()).toEqual([1, 2]);
    expect(await one.subscribe("deals")).toBe("done");
  });
});
