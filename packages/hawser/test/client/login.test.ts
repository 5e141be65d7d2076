// Login, session, subscriptions: what is done again on every connection.
import { describe, expect, it } from "vitest";
import { setStage } from "./client-fixture.js";

describe("the login", () => {
  it("follows the connection, and comes before what waits", async () => {
    const { client, connector, settle, told } = setStage({ login: { username: "demo", password: "demo", type: 1 } });
    const connected = client.connect();
    const asked = client.request("getOrder");
    connector.last.open();
    await settle();
    expect(client.state).toBe("logging-in");
    expect(connector.last.requests).toMatchObject([
      { action: "login", data: { username: "demo", password: "demo", type: 1 } },
    ]);
    connector.last.answer("login", { session: "s1", resume: "r1" });
    await connected;
    expect(client.session).toBe("s1");
    expect(connector.last.requests.map(({ action }) => action)).toEqual(["login", "getOrder"]);
    expect(told).toEqual(["connecting", "logging-in", "open", "OPEN"]);
    connector.last.answer("getOrder");
    await asked;
  });

  it("takes the session along on every connection", async () => {
    const { connector, clock, open, told, client } = setStage({ login: "token" });
    await open();
    connector.last.end();
    await clock.advance(500);
    connector.last.open();
    await clock.advance(0);
    expect(connector.last.requests).toMatchObject([{ action: "login", data: "token", session: "s1", resume: "r1" }]);
    connector.last.answer("login", { session: "s1", resume: "r2", resumed: true, channels: [] });
    expect(told.at(-1)).toBe("OPEN resumed");
    expect(client.session).toBe("s1");
  });

  it("asks for credentials anew for each connection", async () => {
    let count = 0;
    const { connector, clock, open } = setStage({ login: () => Promise.resolve(`token ${++count}`) });
    await open();
    connector.last.end();
    await clock.advance(500);
    connector.last.open();
    await clock.advance(0);
    expect(connector.last.requests).toMatchObject([{ data: "token 2" }]);
  });

  it("that is refused is the end: connect rejects, and nothing is tried again", async () => {
    const { client, connector, settle, closes, clock } = setStage({ login: "wrong" });
    const connected = client.connect();
    connector.last.open();
    await settle();
    connector.last.refuse("login", "LOGIN_REFUSED");
    await settle();
    expect(connector.last.closing).toEqual({ code: 1000, reason: "" });
    connector.last.end(1000);
    await expect(connected).rejects.toMatchObject({ code: "LOGIN_REFUSED", answer: { code: "LOGIN_REFUSED" } });
    expect(closes).toMatchObject([{ reaction: "never", error: { code: "LOGIN_REFUSED" } }]);
    await clock.advance(100_000);
    expect(connector.connections).toHaveLength(1);
  });

  it("that is refused for a while is tried again, not before the server wants it", async () => {
    const { client, connector, settle, clock } = setStage({ login: "token" });
    const connected = client.connect();
    connector.last.open();
    await settle();
    connector.last.refuse("login", "TOO_MANY_SESSIONS", { temporary: true, retryAfterMs: 4000 });
    await settle();
    connector.last.end(1000);
    expect(client.state).toBe("waiting");
    await clock.advance(4000);
    expect(connector.connections).toHaveLength(1);
    await clock.advance(500);
    connector.last.open();
    await settle();
    connector.last.answer("login", { session: "s", resume: "r" });
    await connected;
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("no token");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no token"))],
  ])("whose provider %s is a failed attempt", async (_how, login) => {
    const { client, connector, settle, closes } = setStage({ login });
    void client.connect();
    connector.last.open();
    await settle();
    connector.last.end(1000);
    expect(closes).toMatchObject([{ reaction: "backoff", error: new Error("no token") }]);
    expect(client.state).toBe("waiting");
  });

  it("without an answer ends the attempt after loginTimeoutMs", async () => {
    const { client, connector, clock, closes } = setStage({ login: "token" });
    void client.connect();
    connector.last.open();
    await clock.advance(30_000);
    expect(connector.last.wasAborted).toBe(true);
    expect(closes).toMatchObject([{ error: { code: "TIMEOUT" }, reaction: "backoff" }]);
  });

  it("may be called at any time, and holds for later connections", async () => {
    const { client, connector, clock, open, settle } = setStage();
    await open();
    const logged = client.login("token");
    await settle();
    connector.last.answer("login", { session: "s1", resume: "r1", data: { user: "demo" } });
    expect(await logged).toEqual({ user: "demo" });
    expect(client.session).toBe("s1");
    connector.last.end();
    await clock.advance(500);
    connector.last.open();
    await settle();
    expect(connector.last.requests).toMatchObject([{ action: "login", data: "token", session: "s1", resume: "r1" }]);
  });

  it("called on an open connection ends after loginTimeoutMs when its credentials never come, and lets the next one go", async () => {
    const { client, connector, clock, open, settle } = setStage();
    await open();
    const hanging = client.login(() => new Promise(() => {}));
    const next = client.login("token");
    await clock.advance(30_000);
    await expect(hanging).rejects.toMatchObject({ code: "TIMEOUT" });
    await settle();
    connector.last.answer("login");
    await next;
    expect(connector.last.requests).toMatchObject([{ action: "login", data: "token" }]);
  });

  it("called on an open connection leaves no timer behind when disconnect comes first", async () => {
    const { client, connector, clock, open } = setStage();
    await open();
    const hanging = client.login(() => new Promise(() => {}));
    const over = client.disconnect();
    connector.last.end(1000);
    await over;
    await expect(hanging).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    expect(clock.pending).toBe(0);
  });

  it("called on an open connection and refused leaves the connection and the older credentials", async () => {
    const { client, connector, open, settle, clock } = setStage({ login: "good" });
    await open();
    const logged = client.login("bad");
    await settle();
    connector.last.refuse("login", "LOGIN_REFUSED");
    await expect(logged).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
    expect(client.state).toBe("open");
    connector.last.end();
    await clock.advance(500);
    connector.last.open();
    await settle();
    expect(connector.last.requests).toMatchObject([{ data: "good" }]);
  });

  it("called while connecting is the login of the connection", async () => {
    const { client, connector, settle } = setStage();
    const connected = client.connect();
    const logged = client.login("token");
    connector.last.open();
    await settle();
    connector.last.answer("login", { session: "s", resume: "r", data: 7 });
    expect(await logged).toBe(7);
    await connected;
  });

  it("that was cut off by a loss is the next connection's", async () => {
    const { client, connector, open, settle, clock } = setStage();
    await open();
    const logged = client.login("token");
    await settle();
    connector.last.end();
    await clock.advance(500);
    connector.last.open();
    await settle();
    connector.last.answer("login", { data: "late" });
    expect(await logged).toBe("late");
  });

  it("and logout are carried out one after the other", async () => {
    const { client, connector, open, settle } = setStage();
    await open();
    const done = [client.login("a"), client.logout(), client.login("b")];
    await settle();
    expect(connector.last.requests.map(({ data }) => data)).toEqual(["a"]);
    connector.last.answer("login");
    await settle();
    connector.last.answer("logout");
    await settle();
    connector.last.answer("login");
    await Promise.all(done);
    expect(connector.last.requests.map(({ action }) => action)).toEqual(["login", "logout", "login"]);
  });

  it("after logout is not done by itself any more, and its channels are left", async () => {
    const { client, connector, open, settle, clock } = setStage({ login: "token" });
    await open();
    const subscription = client.subscribe("news");
    connector.last.answer("subscribe");
    const out = client.logout();
    connector.last.answer("logout");
    await out;
    expect(client.session).toBeUndefined();
    expect(subscription.state).toBe("ended");
    connector.last.end();
    await clock.advance(500);
    connector.last.open();
    await settle();
    expect(client.state).toBe("open");
    expect(connector.last.sent).toEqual([]);
  });

  it("is forgotten by a logout without a connection", async () => {
    const { client, connector, open, settle, clock } = setStage({ login: "token" });
    await open();
    connector.last.end();
    await client.logout();
    await clock.advance(500);
    connector.last.open();
    await settle();
    expect(connector.last.sent).toEqual([]);
  });

  it("twice in vain is the end: 4401 without a stable login between", async () => {
    const { client, connector, open, settle, clock, closes } = setStage({ login: "token" });
    await open();
    connector.last.end(4401);
    await clock.advance(1000);
    connector.last.open();
    await settle();
    connector.last.answer("login");
    connector.last.end(4401);
    expect(closes.map(({ reaction }) => reaction)).toEqual(["login", "never"]);
    expect(client.state).toBe("disconnected");
  });

  it("by the handshake is told by a push", async () => {
    const { client, connector, open } = setStage();
    await open();
    connector.last.receive({ actionAck: "login", status: 1, session: "s9", resume: "r9" });
    expect(client.session).toBe("s9");
  });
});

describe("a subscription", () => {
  it("is carried out, and gives what comes on its channel", async () => {
    const { client, connector, open } = setStage();
    await open();
    const subscription = client.subscribe("deals:LLG");
    expect(client.subscribe("deals:LLG")).toBe(subscription);
    const got: unknown[] = [];
    subscription.on((publication) => got.push(publication));
    expect(connector.last.requests).toMatchObject([{ action: "subscribe", channel: "deals:LLG" }]);
    connector.last.answer("subscribe", { channel: "deals:LLG" });
    // in the same turn
    connector.last.receive({ actionAck: "deal", status: 1, channel: "deals:LLG", key: "k", data: 1 });
    connector.last.receive({ actionAck: "deal", status: 1, channel: "other", data: 2 });
    await subscription.ready;
    expect(subscription.state).toBe("subscribed");
    expect(got).toEqual([{ channel: "deals:LLG", event: "deal", key: "k", data: 1 }]);
  });

  it("made before connect is carried out on the first connection", async () => {
    const { client, connector, open } = setStage();
    const subscription = client.subscribe("a");
    await open();
    connector.last.answer("subscribe");
    await subscription.ready;
    expect(subscription.state).toBe("subscribed");
  });

  it("is renewed on every connection, before open is told", async () => {
    const { client, connector, clock, open } = setStage();
    await open();
    const both = [client.subscribe("a"), client.subscribe("b")];
    connector.last.answer("subscribe");
    connector.last.end();
    expect(both.map(({ state }) => state)).toEqual(["subscribing", "subscribing"]);
    let atOpen: unknown;
    client.on("open", () => {
      atOpen = connector.last.requests.map(({ action, channel }) => [action, channel]);
    });
    await clock.advance(500);
    connector.last.open();
    expect(atOpen).toEqual([
      ["subscribe", "a"],
      ["subscribe", "b"],
    ]);
  });

  it("that the session has kept is not asked for again; one that nobody wants any more is left", async () => {
    const { client, connector, clock, open } = setStage({ login: "token" });
    await open();
    const kept = client.subscribe("kept");
    const gone = client.subscribe("gone");
    connector.last.answer("subscribe", { channel: "gone" });
    connector.last.end();
    await gone.unsubscribe();
    await clock.advance(500);
    connector.last.open();
    await clock.advance(0);
    connector.last.answer("login", { session: "s1", resume: "r2", resumed: true, channels: ["kept", "gone"] });
    expect(connector.last.requests.slice(1)).toMatchObject([{ action: "unsubscribe", channel: "gone" }]);
    await kept.ready;
    expect(kept.state).toBe("subscribed");
  });

  it("that is refused for good rejects ready and ends", async () => {
    const { client, connector, open, errors } = setStage();
    await open();
    const subscription = client.subscribe("secret");
    connector.last.refuse("subscribe", "FORBIDDEN");
    await expect(subscription.ready).rejects.toMatchObject({ answer: { code: "FORBIDDEN" } });
    expect(subscription).toMatchObject({ state: "ended", error: { answer: { code: "FORBIDDEN" } } });
    expect(errors).toEqual([]);
    expect(client.subscribe("secret")).not.toBe(subscription);
  });

  it("that is refused on a later connection tells it as an error", async () => {
    const { client, connector, clock, open, errors } = setStage();
    await open();
    const subscription = client.subscribe("a");
    connector.last.answer("subscribe");
    await subscription.ready;
    connector.last.end();
    await clock.advance(500);
    connector.last.open();
    connector.last.refuse("subscribe", "FORBIDDEN");
    await clock.advance(0);
    expect(errors).toMatchObject([{ answer: { code: "FORBIDDEN" } }]);
    expect(subscription.state).toBe("ended");
  });

  it("that is refused for a while is asked for again, not before the server wants it", async () => {
    const { client, connector, clock, open } = setStage();
    await open();
    const subscription = client.subscribe("a");
    connector.last.refuse("subscribe", "RATE_LIMITED", { temporary: true, retryAfterMs: 2000 });
    await clock.advance(1999);
    expect(connector.last.requests).toHaveLength(1);
    await clock.advance(2001);
    connector.last.answer("subscribe");
    await subscription.ready;
  });

  it("that is refused for a while is asked for again within two hours, whatever the server wants", async () => {
    const { client, connector, clock, open, settle } = setStage();
    await open();
    client.subscribe("news");
    const { pid } = connector.last.requests[0] ?? {};
    connector.last.receive(
      `{"pid":"${String(pid)}","actionAck":"subscribe","status":0,"error":{"code":"NO","temporary":true,"retryAfterMs":1e999}}`,
    );
    await settle();
    await clock.advance(3_600_000 - 1);
    expect(connector.last.requests).toHaveLength(1);
    await clock.advance(3_600_001);
    expect(connector.last.requests.length).toBeGreaterThan(1);
  });

  it("that gets no answer is asked for again", async () => {
    const { client, connector, clock, open } = setStage({ requestTimeoutMs: 1000 });
    await open();
    client.subscribe("a");
    await clock.advance(3000);
    expect(connector.last.requests.filter(({ action }) => action === "subscribe")).toHaveLength(2);
  });

  it("is ended by the server's push `unsubscribed`, with its iterators", async () => {
    const { client, connector, open, errors } = setStage();
    await open();
    const subscription = client.subscribe("a");
    const iterator = subscription[Symbol.asyncIterator]();
    connector.last.answer("subscribe");
    connector.last.receive({ actionAck: "message", status: 1, channel: "a", data: 1 });
    connector.last.receive({ actionAck: "unsubscribed", status: 0, channel: "a", error: { code: "FORBIDDEN" } });
    expect(await iterator.next()).toMatchObject({ value: { data: 1 } });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(subscription.error).toMatchObject({ answer: { code: "FORBIDDEN" } });
    expect(errors).toHaveLength(1);
  });

  it("is left by unsubscribe; nothing of it comes any more, also to one that is made at once", async () => {
    const { client, connector, open } = setStage();
    await open();
    const old = client.subscribe("a");
    connector.last.answer("subscribe");
    const got: unknown[] = [];
    old.on(({ data }) => got.push(["old", data]));
    const left = old.unsubscribe();
    const young = client.subscribe("a");
    young.on(({ data }) => got.push(["young", data]));
    connector.last.receive({ actionAck: "message", status: 1, channel: "a", data: "before" });
    connector.last.answer("unsubscribe");
    connector.last.answer("subscribe");
    connector.last.receive({ actionAck: "message", status: 1, channel: "a", data: "after" });
    await left;
    expect(got).toEqual([["young", "after"]]);
    expect(connector.last.requests.map(({ action }) => action)).toEqual(["subscribe", "unsubscribe", "subscribe"]);
  });

  it("ends with disconnect; what it had promised rejects", async () => {
    const { client, connector, open } = setStage();
    await open();
    const subscription = client.subscribe("a");
    const iterator = subscription[Symbol.asyncIterator]();
    const next = iterator.next();
    const over = client.disconnect();
    connector.last.end(1000);
    await over;
    await expect(subscription.ready).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await subscription[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  });

  it("ends when the client stays away for good", async () => {
    const { client, connector, open } = setStage();
    await open();
    const subscription = client.subscribe("a");
    connector.last.end(4403);
    await expect(subscription.ready).rejects.toMatchObject({ code: "CONNECTION_CLOSED", facts: { code: 4403 } });
  });

  it("drops the oldest for an iterator that is too slow, and says how many", async () => {
    const { client, connector, open } = setStage();
    await open();
    const iterator = client.subscribe("a")[Symbol.asyncIterator]();
    connector.last.answer("subscribe");
    for (let data = 0; data < 1003; data++) {
      connector.last.receive({ actionAck: "message", status: 1, channel: "a", data });
    }
    expect(iterator.dropped).toBe(3);
    expect(await iterator.next()).toMatchObject({ value: { data: 3 } });
    await iterator.return?.();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
});
