// Requests, messages and the queue that they wait in.
import { describe, expect, it } from "vitest";
import { setStage } from "./client-fixture.js";

const lines = (count: number, length: number): string[] =>
  Array.from({ length: count }, (_, at) => String(at).padEnd(length, "x"));

describe("request", () => {
  it("settles with the data of the response that has its pid", async () => {
    const { client, connector, open } = setStage();
    await open();
    const first = client.request("getOrder", { id: 1 });
    const second = client.request("getOrder", { id: 2 });
    const [one, two] = connector.last.requests;
    expect(one).toMatchObject({ action: "getOrder", data: { id: 1 } });
    expect(one?.["pid"]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    connector.last.receive({ pid: two?.["pid"], actionAck: "getOrder", status: 1, data: "two" });
    connector.last.receive({ pid: one?.["pid"], actionAck: "getOrder", status: 1, data: "one" });
    expect(await Promise.all([first, second])).toEqual(["one", "two"]);
  });

  it("rejects with the server's answer when it is refused", async () => {
    const { client, connector, open } = setStage();
    await open();
    const asked = client.request("addOrder");
    connector.last.refuse("addOrder", "INVALID_DATA", {
      message: "no volume",
      issues: [{ message: "required", path: ["volume"] }],
    });
    await expect(asked).rejects.toMatchObject({
      name: "RequestError",
      code: "REQUEST_REFUSED",
      facts: { action: "addOrder", code: "INVALID_DATA" },
      answer: { code: "INVALID_DATA", temporary: false, issues: [{ message: "required", path: ["volume"] }] },
    });
  });

  it("reads the forms of .NET's serializers", async () => {
    const { client, connector, open } = setStage();
    await open();
    const asked = client.request("addOrder", 1, { pid: "p1" });
    connector.last.receive({ Pid: "p1", ActionAck: "addOrder", Status: true, Data: { a: 1 } });
    expect(await asked).toEqual({ a: 1 });
  });

  it("takes the caller's pid, and refuses one that is in use", async () => {
    const { client, connector, open } = setStage();
    await open();
    const asked = client.request("a", 1, { pid: "mine" });
    await expect(client.request("a", 1, { pid: "mine" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    connector.last.answer("a", { data: 3 });
    expect(await asked).toBe(3);
    expect(connector.last.requests).toHaveLength(1);
  });

  it("rejects TIMEOUT after timeoutMs, and tells the server that nobody waits", async () => {
    const { client, connector, clock, open } = setStage();
    await open();
    const asked = client.request("slow", undefined, { pid: "p1", timeoutMs: 100 });
    await clock.advance(100);
    await expect(asked).rejects.toMatchObject({ code: "TIMEOUT", facts: { timeoutMs: 100 } });
    expect(connector.last.requests.at(-1)).toEqual({ action: "cancel", pid: "p1" });
  });

  it("rejects TIMEOUT after 30 s without an option", async () => {
    const { client, clock, open } = setStage();
    await open();
    const asked = client.request("slow");
    await clock.advance(30_000);
    await expect(asked).rejects.toMatchObject({ code: "TIMEOUT" });
  });

  it("rejects ABORTED when its signal is aborted, and cancels on the wire", async () => {
    const { client, connector, open } = setStage();
    await open();
    const control = new AbortController();
    const asked = client.request("slow", undefined, { pid: "p1", signal: control.signal });
    control.abort("enough");
    await expect(asked).rejects.toMatchObject({ code: "ABORTED", cause: "enough" });
    expect(connector.last.requests.at(-1)).toEqual({ action: "cancel", pid: "p1" });
  });

  it("that is aborted before it was sent never is", async () => {
    const { client, connector } = setStage();
    const connected = client.connect();
    const control = new AbortController();
    const asked = client.request("slow", undefined, { signal: control.signal });
    expect(client.queued).toBe(1);
    control.abort();
    await expect(asked).rejects.toMatchObject({ code: "ABORTED" });
    expect(client.queued).toBe(0);
    connector.last.open();
    await connected;
    expect(connector.last.sent).toEqual([]);
  });

  it("drops and counts answers that come late or twice", async () => {
    const { client, connector, clock, open } = setStage();
    await open();
    const asked = client.request("a", 1, { pid: "p1" });
    connector.last.answer("a", { data: 1 });
    connector.last.answer("a", { data: 2 });
    connector.last.receive({ pid: "unknown", actionAck: "a", status: 0, error: { code: "CANCELLED" } });
    expect(await asked).toBe(1);
    expect(client.counters).toEqual({ lateAnswers: 2, malformedMessages: 0 });
    await clock.advance(0);
  });

  it("rejects CONNECTION_LOST when the connection goes after it was sent, and is not sent again", async () => {
    const { client, connector, clock, open } = setStage();
    await open();
    const asked = client.request("addOrder");
    connector.last.end();
    await expect(asked).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await clock.advance(500);
    connector.last.open();
    expect(connector.last.sent).toEqual([]);
  });

  it("that still waits to be sent outlives the connection, and is sent on the next", async () => {
    const { client, connector, clock } = setStage();
    void client.connect();
    const asked = client.request("getOrder");
    connector.last.end();
    await clock.advance(500);
    connector.last.open();
    connector.last.answer("getOrder", { data: 7 });
    expect(await asked).toBe(7);
  });

  it("rejects CONNECTION_CLOSED at disconnect", async () => {
    const { client, open } = setStage();
    await open();
    const asked = client.request("addOrder");
    void client.disconnect();
    await expect(asked).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  });

  it("rejects NOT_CONNECTED where no connection is to come", async () => {
    const { client } = setStage();
    await expect(client.request("a")).rejects.toMatchObject({ code: "NOT_CONNECTED" });
    await expect(client.send("a")).rejects.toMatchObject({ code: "NOT_CONNECTED" });
    await expect(client.login({})).rejects.toMatchObject({ code: "NOT_CONNECTED" });
  });

  it("rejects what has no JSON", async () => {
    const { client, open } = setStage();
    await open();
    await expect(client.request("a", 1n)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(client.send(() => {})).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(client.queued).toBe(0);
  });

  it("of the server is answered UNKNOWN_ACTION, with its pid", async () => {
    const { client, connector, open } = setStage();
    await open();
    connector.last.receive({ pid: "s1", action: "confirm", data: 1 });
    connector.last.receive({ action: "notice" });
    expect(connector.last.requests).toEqual([
      { pid: "s1", actionAck: "confirm", status: 0, error: { code: "UNKNOWN_ACTION", message: "", temporary: false } },
    ]);
    expect(client.counters.malformedMessages).toBe(0);
  });

  it("of the server may have the pid of one of ours: the two directions are separate", async () => {
    const { client, connector, open } = setStage();
    await open();
    const asked = client.request("a", 1, { pid: "same" });
    connector.last.receive({ pid: "same", action: "a" });
    connector.last.receive({ pid: "same", actionAck: "a", status: 1, data: 5 });
    expect(await asked).toBe(5);
  });

  it("publishes with event and key", async () => {
    const { client, connector, open } = setStage();
    await open();
    const published = client.publish("deals:LLG", { a: 1 }, { event: "deal", key: "k", pid: "p" });
    expect(connector.last.requests).toEqual([
      { pid: "p", action: "publish", channel: "deals:LLG", event: "deal", key: "k", data: { a: 1 } },
    ]);
    connector.last.answer("publish", { channel: "deals:LLG" });
    await published;
  });

  it.each(["no JSON", "[]", "1", "null", "{}", '{"actionAck":1}'])("counts %s as malformed", async (text) => {
    const { client, connector, told, open } = setStage();
    await open();
    connector.last.receive(text);
    expect(client.counters.malformedMessages).toBe(1);
    expect(told.at(-1)).toBe("OPEN");
  });
});

describe("the outgoing queue", () => {
  it("REL-F13 holds 1,000 messages while offline, rejects the next, and sends them in their order", async () => {
    const { client, connector } = setStage();
    void client.connect();
    const sent = lines(1000, 8).map((line) => client.send(line));
    await expect(client.send("one more")).rejects.toMatchObject({ code: "QUEUE_FULL", facts: { messages: 1000 } });
    await expect(client.request("one more")).rejects.toMatchObject({ code: "QUEUE_FULL" });
    expect(client.queued).toBe(1000);
    connector.last.open();
    await Promise.all(sent);
    expect(connector.last.sent).toEqual(lines(1000, 8));
  });

  it("REL-F13 holds 1 MiB, counted in UTF-8", async () => {
    const { client, connector } = setStage();
    void client.connect();
    const kept = [client.send("x".repeat(524_288)), client.send("é".repeat(131_072)), client.send("€".repeat(87_381))];
    await expect(client.send("ab")).rejects.toMatchObject({ code: "QUEUE_FULL", facts: { bytes: 1_048_577 } });
    kept.push(client.send(new Uint8Array(1)));
    connector.last.open();
    await Promise.all(kept);
    expect(connector.last.sent).toHaveLength(4);
  });

  it("counts what waits in the platform's own buffer", async () => {
    const { client, connector, open } = setStage({ queue: { maxBytes: 100_000 } });
    await open();
    connector.last.bufferedBytes = 99_999;
    const sent = client.send("x");
    await expect(client.send("xx")).rejects.toMatchObject({ code: "QUEUE_FULL" });
    expect(client.queued).toBe(1);
    void client.disconnect();
    await expect(sent).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  });

  it("waits while the platform's buffer is full, and looks again where the platform does not tell", async () => {
    const { client, connector, clock, open } = setStage();
    await open();
    connector.last.bufferedBytes = 65_537;
    const sent = Promise.all(["a", "b"].map((text) => client.send(text)));
    await clock.advance(200);
    expect(connector.last.sent).toEqual([]);
    connector.last.bufferedBytes = 0;
    await clock.advance(50);
    await sent;
    expect(connector.last.sent).toEqual(["a", "b"]);
    expect(clock.pending).toBe(0);
  });

  it("goes on when the platform says that there is room", async () => {
    let drain = (): void => {};
    const { client, connector, clock, open } = setStage({
      wrap: (inner) => ({
        capabilities: inner.capabilities,
        open: (url, protocols, sink) =>
          Object.assign(inner.open(url, protocols, sink), { drained: () => new Promise<void>((go) => (drain = go)) }),
      }),
    });
    await open();
    connector.last.bufferedBytes = 65_537;
    const sent = client.send("a");
    expect(clock.pending).toBe(0);
    connector.last.bufferedBytes = 0;
    drain();
    await sent;
    expect(connector.last.sent).toEqual(["a"]);
  });

  it("believes the platform that there is room: its limit may be higher", async () => {
    let asked = 0;
    const { client, connector, open } = setStage({
      wrap: (inner) => ({
        capabilities: inner.capabilities,
        open: (url, protocols, sink) =>
          Object.assign(inner.open(url, protocols, sink), {
            // a client that asks again and again without an end would never let go of the thread
            drained: () => (++asked > 100 ? new Promise<void>(() => {}) : Promise.resolve()),
          }),
      }),
    });
    await open();
    connector.last.bufferedBytes = 65_537;
    await Promise.all(["a", "b", "c"].map((text) => client.send(text)));
    expect(connector.last.sent).toEqual(["a", "b", "c"]);
    expect(asked).toBe(3);
  });

  it("rejects a message that the platform cannot send, and goes on with the others", async () => {
    const { client, connector, open } = setStage({
      wrap: (inner) => ({
        capabilities: inner.capabilities,
        open: (url, protocols, sink) => {
          const connection = inner.open(url, protocols, sink);
          const send = connection.send.bind(connection);
          return Object.assign(connection, {
            send: (message: string) => {
              if (message === "poison") throw new TypeError("cannot be sent");
              send(message);
            },
          });
        },
      }),
    });
    const connected = open();
    const sent = ["a", "poison", "b"].map((text) => client.send(text));
    await connected;
    await expect(sent[1]).rejects.toThrow("cannot be sent");
    await Promise.all([sent[0], sent[2]]);
    expect(connector.last.sent).toEqual(["a", "b"]);
    expect(client.queued).toBe(0);
  });

  it("listens to no connection that is over: it says that there is room too late", async () => {
    const drains: (() => void)[] = [];
    const { client, connector, clock, open } = setStage({
      wrap: (inner) => ({
        capabilities: inner.capabilities,
        open: (url, protocols, sink) =>
          Object.assign(inner.open(url, protocols, sink), {
            drained: () => new Promise<void>((go) => void drains.push(go)),
          }),
      }),
    });
    await open();
    connector.last.bufferedBytes = 65_537;
    const sent = client.send("a");
    connector.last.end();
    await clock.advance(500);
    connector.last.bufferedBytes = 65_537;
    connector.last.open();
    drains[0]?.();
    await clock.advance(0);
    // it would have asked once more
    expect(drains).toHaveLength(2);
    connector.last.bufferedBytes = 0;
    drains[1]?.();
    await sent;
  });

  it("counts a message no more once it has gone", async () => {
    const { client, open } = setStage({ queue: { maxBytes: 10 } });
    await open();
    await client.send("x".repeat(10));
    await client.send("y".repeat(10));
    expect(client.queued).toBe(0);
  });

  it("gives a message up after its time to live, and lets the others pass", async () => {
    const { client, connector, clock } = setStage({ queue: { timeToLiveMs: 300 } });
    const connected = client.connect();
    const short = client.send("short", { timeToLiveMs: 100 });
    const long = client.send("long", { timeToLiveMs: Infinity });
    const usual = client.send("usual");
    const asked = client.request("asked");
    await clock.advance(100);
    await expect(short).rejects.toMatchObject({ code: "TIMEOUT", facts: { timeoutMs: 100 } });
    expect(client.queued).toBe(3);
    await clock.advance(200);
    await expect(usual).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(asked).rejects.toMatchObject({ code: "TIMEOUT" });
    connector.last.open();
    await Promise.all([connected, long]);
    expect(connector.last.sent).toEqual(["long"]);
    expect(clock.pending).toBe(0);
  });

  it("takes a message back when its signal is aborted", async () => {
    const { client } = setStage();
    void client.connect();
    const control = new AbortController();
    const sent = client.send("a", { signal: control.signal });
    control.abort();
    await expect(sent).rejects.toMatchObject({ code: "ABORTED" });
    expect(client.queued).toBe(0);
    await expect(client.send("b", { signal: control.signal })).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("may refuse at once while offline", async () => {
    const { client, connector, open } = setStage({ queue: { whileOffline: "reject" } });
    const connected = client.connect();
    await expect(client.send("a")).rejects.toMatchObject({ code: "NOT_CONNECTED" });
    await expect(client.request("a")).rejects.toMatchObject({ code: "NOT_CONNECTED" });
    connector.last.open();
    await connected;
    await client.send("b");
    expect(connector.last.sent).toEqual(["b"]);
    await open();
  });

  it("does not send again what was handed to a connection that is dead, and keeps what was not", async () => {
    const { client, connector, clock, open } = setStage();
    await open();
    await client.send("gone");
    // the platform knows already, and has not told
    connector.last.isOpen = false;
    const kept = client.send("kept");
    expect(client.queued).toBe(1);
    connector.last.end();
    await clock.advance(500);
    connector.last.open();
    await kept;
    expect(connector.last.sent).toEqual(["kept"]);
  });

  it("sends objects as JSON, texts and bytes as they are", async () => {
    const { client, connector, open } = setStage();
    await open();
    await Promise.all([client.send({ a: 1 }), client.send("text"), client.send(new Uint8Array([1]))]);
    expect(connector.last.sent).toEqual(['{"a":1}', "text", new Uint8Array([1])]);
  });
});
