// Events, handlers, iterators, the heartbeat of texts, envelope "none".
import { describe, expect, it } from "vitest";
import { setStage } from "./client-fixture.js";

const push = (data: unknown): object => ({ actionAck: "addDeal", status: 1, data });

describe("events", () => {
  it("are one close for each attempt, and one open for each connection", async () => {
    const { client, connector, clock, told } = setStage();
    void client.connect();
    connector.last.end();
    await clock.advance(500);
    connector.last.open();
    connector.last.end(1012);
    await clock.advance(1000);
    connector.last.open();
    expect(told.filter((line) => /^[A-Z]/.test(line))).toEqual([
      "CLOSE 1006 backoff",
      "OPEN",
      "CLOSE 1012 soon",
      "OPEN",
    ]);
  });

  it("tell of an end what comes next", async () => {
    const { client, connector, open, closes } = setStage({ reconnect: { mode: "fixed", initialDelayMs: 10_000 } });
    await open();
    connector.last.end(1011, { reason: "oops", clean: true });
    expect(closes).toEqual([
      { code: 1011, reason: "oops", clean: true, error: undefined, reaction: "backoff", retryInMs: 10_000 },
    ]);
    expect(client.lastClose).toBe(closes[0]);
  });

  it("give pushes by name, and every message", async () => {
    const { client, connector, open } = setStage();
    await open();
    const deals: unknown[] = [];
    const messages: unknown[] = [];
    const off = client.onPush("addDeal", (data) => deals.push(data));
    client.on("message", (message) => messages.push(message));
    connector.last.receive(push(1));
    connector.last.receive({ actionAck: "message", status: 1, channel: "a", data: 2 });
    off();
    connector.last.receive(push(3));
    expect(deals).toEqual([1]);
    expect(messages).toMatchObject([
      { queued: 0, message: { actionAck: "addDeal", status: 1, data: 1 } },
      { message: { channel: "a", data: 2 } },
      { message: { data: 3 } },
    ]);
  });

  it("call the same function as often as it was added", async () => {
    const { client, connector, open } = setStage();
    await open();
    const got: unknown[] = [];
    const handler = (data: unknown): void => void got.push(data);
    const off = client.onPush("addDeal", handler);
    client.onPush("addDeal", handler);
    off();
    off();
    connector.last.receive(push(1));
    expect(got).toEqual([1]);
  });

  it("do not call a handler that another one has taken off, nor one that was added meanwhile", async () => {
    const { client, connector, open } = setStage();
    await open();
    const got: string[] = [];
    client.onPush("addDeal", () => {
      second();
      client.onPush("addDeal", () => got.push("third"));
      got.push("first");
    });
    const second = client.onPush("addDeal", () => got.push("second"));
    connector.last.receive(push(1));
    expect(got).toEqual(["first"]);
  });

  it("come one after the other, whatever a handler calls", async () => {
    const { client, connector, told, open } = setStage();
    const order: string[] = [];
    client.on("state", ({ state }) => {
      order.push(`${state} told in ${client.state}`);
      if (state === "waiting") void client.disconnect();
    });
    await open();
    connector.last.end();
    expect(order).toEqual([
      "connecting told in connecting",
      "open told in open",
      "waiting told in waiting",
      "disconnected told in disconnected",
    ]);
    expect(told.slice(3)).toEqual(["CLOSE 1006 backoff", "waiting", "disconnected"]);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("bug");
      },
    ],
    ["rejects", () => Promise.reject(new Error("bug"))],
  ])("survive a handler that %s: the others are called, and it goes to `error`", async (_how, handler) => {
    const { client, connector, open, errors, reported, settle } = setStage();
    await open();
    const got: unknown[] = [];
    client.onPush("addDeal", handler as () => void); // nobody is kept from passing an async one
    client.onPush("addDeal", (data) => got.push(data));
    connector.last.receive(push(1));
    await settle();
    expect(got).toEqual([1]);
    expect(errors).toMatchObject([{ code: "HANDLER_FAILED", cause: new Error("bug") }]);
    expect(reported).toEqual([]);
  });

  it("give what an error handler throws to the platform", async () => {
    const { client, connector, open, reported } = setStage();
    await open();
    client.on("error", () => {
      throw new Error("bug in error");
    });
    client.onPush("addDeal", () => {
      throw new Error("bug");
    });
    connector.last.receive(push(1));
    expect(reported).toMatchObject([{ code: "HANDLER_FAILED", cause: new Error("bug in error") }]);
  });

  it("come by an iterator as well, that ends when the client stays away", async () => {
    const { client, connector, open } = setStage();
    const states = client.events("state");
    const closes = client.events("close");
    await open();
    connector.last.end(4403);
    const seen: string[] = [];
    for await (const { state } of states) seen.push(state);
    expect(seen).toEqual(["connecting", "open", "disconnected"]);
    expect(await closes.next()).toMatchObject({ value: { code: 4403 } });
    expect(await closes.next()).toEqual({ done: true, value: undefined });
  });

  it("come by an iterator that ends with disconnect, though the client was never connected", async () => {
    const { client } = setStage();
    const next = client.events("message").next();
    await client.disconnect();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it("come by an iterator that waits, and are dropped when it is too slow", async () => {
    const { client, connector, open } = setStage();
    await open();
    const messages = client.events("message");
    const first = messages.next();
    connector.last.receive(push("first"));
    expect(await first).toMatchObject({ value: { message: { data: "first" } } });
    for (let data = 0; data < 1001; data++) connector.last.receive(push(data));
    expect(messages.dropped).toBe(1);
    expect(await messages.next()).toMatchObject({ value: { message: { data: 1 } } });
  });

  it("are not given to an iterator that was left", async () => {
    const { client, connector, open } = setStage();
    await open();
    const messages = client.events("message");
    const waiting = messages.next();
    await messages.return?.();
    connector.last.receive(push(1));
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await messages.next()).toEqual({ done: true, value: undefined });
  });
});

describe("the heartbeat of texts", () => {
  const beats = (sent: readonly unknown[]): number => sent.filter((text) => text === "Ping").length;

  it("is on where the platform cannot ping: every 25 s", async () => {
    const { connector, clock, open } = setStage({ ping: false });
    await open();
    await clock.advance(25_000);
    expect(connector.last.sent).toEqual(["Ping"]);
    connector.last.receive("Pong");
    await clock.advance(25_000);
    expect(connector.last.sent).toEqual(["Ping", "Ping"]);
  });

  it.each([
    ["where the platform pings", { ping: true }],
    ["with heartbeat: false", { ping: false, heartbeat: false }],
    ["with envelope none", { ping: false, envelope: "none" }],
  ] as const)("is off %s", async (_where, options) => {
    const { connector, clock, open } = setStage(options);
    await open();
    await clock.advance(100_000);
    expect(connector.last.sent).toEqual([]);
    expect(connector.last.isOver).toBe(false);
  });

  it("takes whatever comes for a sign of life", async () => {
    const { client, connector, clock, open } = setStage({ ping: false });
    await open();
    await clock.advance(26_000);
    connector.last.receive(push(1));
    await clock.advance(23_000);
    expect(client.state).toBe("open");
  });

  it("ends a connection from which nothing comes for 20 s after a ping, and comes back", async () => {
    const { client, connector, clock, open, closes } = setStage({ ping: false });
    await open();
    await clock.advance(44_999);
    expect(client.state).toBe("open");
    await clock.advance(1);
    expect(connector.connections[0]?.wasAborted).toBe(true);
    expect(closes).toMatchObject([{ code: 1006, error: { code: "HEARTBEAT_TIMEOUT" }, reaction: "backoff" }]);
    await clock.advance(500);
    expect(connector.connections).toHaveLength(2);
  });

  it("counts the silence from the oldest ping without an answer, however often it pings", async () => {
    const { client, connector, clock, open } = setStage({ heartbeat: { intervalMs: 5000, timeoutMs: 12_000 } });
    await open();
    await clock.advance(16_999);
    expect(beats(connector.last.sent)).toBe(3);
    expect(client.state).toBe("open");
    await clock.advance(1);
    expect(client.state).toBe("waiting");
  });

  it.each([{}, { heartbeat: false }, { ping: false }] as const)(
    "answers the server's Ping with Pong, and tells nobody of either: %j",
    async (options) => {
      const { client, connector, open, told } = setStage(options);
      await open();
      connector.last.receive("Ping");
      connector.last.receive("Pong");
      expect(connector.last.sent).toEqual(["Pong"]);
      expect(client.counters.malformedMessages).toBe(0);
      expect(told.at(-1)).toBe("OPEN");
    },
  );

  it("answers nothing while the connection takes nothing", async () => {
    const { connector, open } = setStage();
    await open();
    connector.last.bufferedBytes = 1_048_577;
    connector.last.receive("Ping");
    expect(connector.last.sent).toEqual([]);
  });

  it("is that of the original client: 5 s, and back after 10 s", async () => {
    const { client, connector, clock, open, told } = setStage({
      envelope: "none",
      heartbeat: { intervalMs: 5000 },
      reconnect: { mode: "fixed", initialDelayMs: 10_000 },
    });
    await open();
    await clock.advance(5000);
    connector.last.receive("Ping");
    expect(connector.last.sent).toEqual(["Ping", "Pong"]);
    connector.last.end();
    await clock.advance(9999);
    expect(connector.connections).toHaveLength(1);
    await clock.advance(1);
    expect(connector.connections).toHaveLength(2);
    expect(told.filter((line) => line.startsWith("MESSAGE"))).toEqual([]);
    expect(client.state).toBe("connecting");
  });

  it("asks at once when the network comes or goes", async () => {
    const { connector, open, network } = setStage({ ping: false });
    await open();
    network(false);
    network(true);
    expect(connector.last.sent).toEqual(["Ping", "Ping"]);
  });
});

describe("the network that is there again", () => {
  it("hastens the next attempt", async () => {
    const { client, connector, clock, network } = setStage({ reconnect: { mode: "fixed", initialDelayMs: 60_000 } });
    void client.connect();
    connector.last.end();
    network(false);
    await clock.advance(1000);
    expect(connector.connections).toHaveLength(1);
    network(true);
    await clock.advance(1000);
    expect(connector.connections).toHaveLength(2);
  });

  it("does not where the server has asked for a wait, nor after disconnect", async () => {
    const { client, connector, clock, network, open } = setStage();
    await open();
    connector.last.end(1013, { reason: '{"retryAfterMs":30000}' });
    network(true);
    await clock.advance(29_999);
    expect(connector.connections).toHaveLength(1);
    await client.disconnect();
    network(true);
    await clock.advance(60_000);
    expect(connector.connections).toHaveLength(1);
  });
});

describe('envelope "none"', () => {
  it("gives and takes messages as they are, and offers no protocol", async () => {
    const { client, connector, open } = setStage({ envelope: "none" });
    await open();
    expect(connector.last.protocols).toEqual([]);
    const messages = client.events("message");
    await client.send({ op: "subscribe", args: ["trades"] });
    expect(connector.last.sent).toEqual(['{"op":"subscribe","args":["trades"]}']);
    connector.last.receive('{"price":"1989.1"}');
    connector.last.receive(new Uint8Array([1, 2]));
    connector.last.receive("Ping");
    expect(await messages.next()).toMatchObject({ value: { message: '{"price":"1989.1"}' } });
    expect(await messages.next()).toMatchObject({ value: { message: new Uint8Array([1, 2]) } });
    expect(await messages.next()).toMatchObject({ value: { message: "Ping" } });
    expect(client.counters.malformedMessages).toBe(0);
  });
});
