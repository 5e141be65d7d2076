// connect, disconnect and what is between them, on virtual time.
import { describe, expect, it } from "vitest";
import { createClientCore } from "../../src/client/index.js";
import { UsageError } from "../../src/internal/errors.js";
import { createScriptedConnector, VirtualClock } from "../../src/testing/index.js";
import { setStage } from "./client-fixture.js";

const platform = { clock: new VirtualClock(), random: (): void => {} };

describe("connect", () => {
  it("settles when the connection is open", async () => {
    const { client, connector, told, open } = setStage();
    await open();
    expect(client.state).toBe("open");
    expect(told).toEqual(["connecting", "open", "OPEN"]);
    expect(client.url).toBe("ws://server/");
    expect(connector.last.protocols).toEqual(["hawser.v1"]);
  });

  it("settles for every caller, and dials once", async () => {
    const { client, connector } = setStage();
    const both = [client.connect(), client.connect()];
    connector.last.open();
    both.push(client.connect());
    await Promise.all(both);
    expect(connector.connections).toHaveLength(1);
  });

  it("goes on trying until it is open", async () => {
    const { client, connector, clock, told } = setStage();
    const connected = client.connect();
    connector.last.end();
    await clock.advance(500);
    connector.last.end();
    await clock.advance(1000);
    connector.last.open();
    await connected;
    expect(connector.connections).toHaveLength(3);
    expect(told.filter((line) => line.startsWith("CLOSE"))).toEqual(["CLOSE 1006 backoff", "CLOSE 1006 backoff"]);
  });

  it("tells how many attempts it took", async () => {
    const { client, connector, clock } = setStage();
    const opened = client.events("open");
    void client.connect();
    connector.last.end();
    await clock.advance(500);
    connector.last.open();
    expect(await opened.next()).toMatchObject({ value: { attempts: 2, resumed: false } });
  });

  it("rejects when no return is allowed, with the reason", async () => {
    const { client, connector, told } = setStage();
    const connected = client.connect();
    connector.last.end(4403, { reason: "kicked" });
    await expect(connected).rejects.toMatchObject({ code: "CONNECT_FAILED", facts: { code: 4403 } });
    expect(told).toEqual(["connecting", "CLOSE 4403 never", "disconnected"]);
  });

  it("rejects after maxAttempts", async () => {
    const { client, connector, clock } = setStage({ reconnect: { maxAttempts: 2 } });
    const connected = client.connect();
    const error = new Error("refused");
    connector.last.end(1006, { error });
    await clock.advance(500);
    connector.last.end(1006, { error });
    await expect(connected).rejects.toMatchObject({ code: "CONNECT_FAILED", cause: error });
    expect(client.state).toBe("disconnected");
  });

  it("rejects at the first failure with reconnect: false", async () => {
    const { client, connector } = setStage({ reconnect: false });
    const connected = client.connect();
    connector.last.end();
    await expect(connected).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  });

  it("can be called again after it was refused", async () => {
    const { client, connector, open } = setStage();
    const connected = client.connect();
    connector.last.end(4403);
    await expect(connected).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    await open();
    expect(client.state).toBe("open");
  });

  it("gives up after timeoutMs, and stays away", async () => {
    const { client, clock } = setStage();
    const connected = client.connect({ timeoutMs: 700 });
    void clock.advance(700);
    await expect(connected).rejects.toMatchObject({ code: "TIMEOUT", facts: { timeoutMs: 700 } });
    expect(client.state).toBe("closing");
  });

  it("gives up when its signal is aborted, and stays away", async () => {
    const { client, connector } = setStage();
    const control = new AbortController();
    const connected = client.connect({ signal: control.signal });
    control.abort(new Error("no more"));
    await expect(connected).rejects.toMatchObject({ code: "ABORTED", cause: new Error("no more") });
    connector.last.end();
    expect(client.state).toBe("disconnected");
  });

  it("does nothing for a signal that was aborted before", async () => {
    const { client, connector } = setStage();
    await expect(client.connect({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    expect(connector.connections).toHaveLength(0);
  });

  it("that gives up ends nothing for the others", async () => {
    const { client, connector } = setStage();
    const first = client.connect({ timeoutMs: 1 });
    const control = new AbortController();
    const second = client.connect({ signal: control.signal });
    control.abort();
    await expect(second).rejects.toMatchObject({ code: "ABORTED" });
    expect(client.state).toBe("connecting");
    connector.last.open();
    await first;
  });

  it("that gives up as the last one ends it, whoever began", async () => {
    const { client, clock } = setStage();
    const first = client.connect({ timeoutMs: 1 });
    const second = client.connect({ timeoutMs: 2 });
    void clock.advance(2);
    await expect(first).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(second).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(client.state).toBe("closing");
  });

  it("settles and tells open before a close that comes with the first message", async () => {
    const { client, connector, settle, told } = setStage({
      wrap: (inner) => ({
        capabilities: inner.capabilities,
        open: (url, protocols, sink) =>
          Object.assign(inner.open(url, protocols, sink), { send: () => inner.last.end() }),
      }),
    });
    client.subscribe("news").ready.catch(() => {});
    const connected = client.connect();
    connector.last.open();
    await connected;
    await settle();
    expect(told).toEqual(["connecting", "open", "OPEN", "CLOSE 1006 backoff", "waiting"]);
  });

  it("that waits for the way back ends nothing when it gives up", async () => {
    const { client, clock, open, connector } = setStage();
    await open();
    connector.last.end();
    const again = client.connect({ timeoutMs: 10 });
    void clock.advance(10);
    await expect(again).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(client.state).toMatch(/waiting|connecting/);
  });

  it("ends an attempt that takes longer than connectTimeoutMs, and tries again", async () => {
    const { client, connector, clock, closes } = setStage();
    void client.connect();
    await clock.advance(10_000);
    expect(connector.last.wasAborted).toBe(true);
    expect(closes).toMatchObject([{ code: 1006, error: { code: "HANDSHAKE_TIMEOUT" }, reaction: "backoff" }]);
    await clock.advance(500);
    expect(connector.connections).toHaveLength(2);
    expect(connector.alive).toBe(1);
  });

  it("never comes back from a mistake: a URL that its connector refuses", async () => {
    const { client, connector } = setStage();
    const connected = client.connect();
    const error = new UsageError("INVALID_ARGUMENT", "no URL");
    connector.last.end(1006, { error });
    await expect(connected).rejects.toMatchObject({ code: "CONNECT_FAILED", cause: error });
    expect(client.state).toBe("disconnected");
  });

  it("takes a connector that throws for a failed attempt", async () => {
    const { client, closes, settle } = setStage({
      wrap: (connector) => ({
        capabilities: connector.capabilities,
        open: () => {
          throw new Error("bad connector");
        },
      }),
    });
    void client.connect();
    await settle();
    expect(client.state).toBe("waiting");
    expect(closes).toMatchObject([{ code: 1006, error: new Error("bad connector") }]);
  });
});

describe("the URL", () => {
  it("may be a function that is called anew for each attempt", async () => {
    let count = 0;
    const { client, connector, clock, settle } = setStage({ url: () => new URL(`ws://server/${++count}`) });
    void client.connect();
    await settle();
    connector.last.end();
    await clock.advance(500);
    expect(connector.connections.map(({ url }) => url)).toEqual(["ws://server/1", "ws://server/2"]);
  });

  it("may be a promise", async () => {
    const { client, connector, clock } = setStage({ url: () => Promise.resolve("ws://later/") });
    void client.connect();
    expect(client.state).toBe("connecting");
    await clock.advance(0);
    expect(connector.last.url).toBe("ws://later/");
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("no token");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no token"))],
  ])("is a failed attempt when the function %s", async (_how, url) => {
    const { client, clock, closes, connector } = setStage({ url });
    void client.connect();
    await clock.advance(0);
    expect(closes).toMatchObject([{ code: 1006, reaction: "backoff", error: new Error("no token") }]);
    await clock.advance(500);
    expect(closes).toHaveLength(2);
    expect(connector.connections).toHaveLength(0);
  });

  it("that never comes ends with the time for connecting", async () => {
    const { client, clock, closes } = setStage({ url: () => new Promise<string>(() => {}) });
    void client.connect();
    await clock.advance(10_000);
    expect(closes).toMatchObject([{ error: { code: "HANDSHAKE_TIMEOUT" } }]);
  });

  it("that comes after disconnect is not used", async () => {
    let give = (_url: string): void => {};
    const { client, connector, told, settle } = setStage({
      url: () => new Promise<string>((resolve) => (give = resolve)),
    });
    void client.connect();
    await client.disconnect();
    give("ws://server/");
    await settle();
    expect(connector.connections).toHaveLength(0);
    expect(told).toEqual(["connecting", "closing", "CLOSE 1006 disconnect", "disconnected"]);
  });

  it("may be several that are tried in turn; one that has worked is tried again first", async () => {
    const { client, connector, clock } = setStage({ url: ["ws://a/", "ws://b/"] });
    void client.connect();
    connector.last.end();
    await clock.advance(500);
    connector.last.open();
    connector.last.end();
    await clock.advance(1000);
    connector.last.end();
    await clock.advance(2000);
    expect(connector.connections.map(({ url }) => url)).toEqual(["ws://a/", "ws://b/", "ws://b/", "ws://a/"]);
  });

  it.each([[""], [[]], [[""]], [undefined]])("is refused when it is missing: %j", (url) => {
    const create = (): unknown => createClientCore(createScriptedConnector(), platform, url as string);
    expect(create).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("url is") as unknown }),
    );
  });
});

describe("disconnect", () => {
  it("closes with 1000, and settles when the connection is over", async () => {
    const { client, connector, told, open } = setStage();
    await open();
    const over = client.disconnect();
    expect(connector.last.closing).toEqual({ code: 1000, reason: "" });
    expect(client.state).toBe("closing");
    connector.last.end(1000);
    await over;
    expect(told.slice(3)).toEqual(["closing", "CLOSE 1000 disconnect", "disconnected"]);
  });

  it("closes with a code and a reason of the application's own", async () => {
    const { client, connector, open } = setStage();
    await open();
    void client.disconnect(4100, "done");
    expect(connector.last.closing).toEqual({ code: 4100, reason: "done" });
  });

  it.each([
    [1006, ""],
    [999, ""],
    [5000, ""],
    [1000, "x".repeat(124)],
    [1000, "é".repeat(62)],
  ])("refuses the code %i with the reason %j", (code, reason) => {
    const { client } = setStage();
    expect(() => client.disconnect(code, reason)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  it("settles at once where there is nothing to end", async () => {
    const { client, told } = setStage();
    await client.disconnect();
    expect(told).toEqual([]);
  });

  it("wins while connecting: connect rejects at once", async () => {
    const { client, connector, told } = setStage();
    const connected = client.connect();
    const over = client.disconnect();
    await expect(connected).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    // it opens all the same
    connector.last.open();
    connector.last.end(1000);
    await over;
    expect(told).toEqual(["connecting", "closing", "CLOSE 1000 disconnect", "disconnected"]);
  });

  it("wins while waiting: nothing is dialled any more", async () => {
    const { client, connector, clock } = setStage();
    const connected = client.connect();
    connector.last.end();
    await client.disconnect();
    await expect(connected).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    await clock.advance(100_000);
    expect(connector.connections).toHaveLength(1);
  });

  it("wins while logging in", async () => {
    const { client, connector, told, settle } = setStage({ login: {} });
    const connected = client.connect();
    connector.last.open();
    await settle();
    const over = client.disconnect();
    connector.last.answer("login");
    connector.last.end(1000);
    await over;
    await expect(connected).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    expect(told).toEqual(["connecting", "logging-in", "closing", "CLOSE 1000 disconnect", "disconnected"]);
  });

  it("wins over a close that came from the server", async () => {
    const { client, connector, closes, open } = setStage();
    await open();
    const over = client.disconnect();
    connector.last.end(1012);
    await over;
    expect(closes).toMatchObject([{ code: 1012, reaction: "disconnect", retryInMs: undefined }]);
  });

  it.each(["state", "open", "close", "message"] as const)("wins inside a handler of %s", async (name) => {
    const { client, connector, clock } = setStage();
    let over: Promise<void> | undefined;
    client.on(name, () => {
      over ??= client.disconnect();
    });
    const connected = client.connect();
    connector.last.open();
    connector.last.receive({ actionAck: "push", status: 1 });
    connector.last.end();
    await over;
    await connected.catch(() => {});
    await clock.advance(100_000);
    expect(client.state).toBe("disconnected");
    expect(connector.connections).toHaveLength(1);
  });

  it("inside a handler of state leaves no open to be told", async () => {
    const { client, connector, told } = setStage();
    client.on("state", ({ state }) => {
      if (state === "open") void client.disconnect();
    });
    void client.connect();
    connector.last.open();
    expect(told).toEqual(["connecting", "open", "closing"]);
  });

  it("ends what comes: messages that are on their way are not told any more", async () => {
    const { client, connector, open, told } = setStage();
    await open();
    void client.disconnect();
    connector.last.receive({ actionAck: "late", status: 1 });
    expect(told.at(-1)).toBe("closing");
  });

  it("forgets the session: the next login begins a new one", async () => {
    const { client, connector, open, settle } = setStage({ login: "token" });
    await open();
    void client.disconnect();
    expect(client.session).toBeUndefined();
    connector.last.end(1000);
    void client.connect();
    connector.last.open();
    await settle();
    expect(connector.last.requests).toMatchObject([{ action: "login", data: "token" }]);
    expect(connector.last.requests[0]).not.toHaveProperty("resume");
  });

  it("settles for every caller", async () => {
    const { client, connector, open, closes } = setStage();
    await open();
    const both = [client.disconnect(), client.disconnect(4100)];
    connector.last.end(1000);
    await Promise.all(both);
    expect(closes).toHaveLength(1);
  });

  it("ends a connection that does not close within closeTimeoutMs", async () => {
    const { client, connector, clock, open, closes } = setStage({ closeTimeoutMs: 3000 });
    await open();
    const over = client.disconnect();
    await clock.advance(3000);
    await over;
    expect(connector.last.wasAborted).toBe(true);
    expect(closes).toMatchObject([{ code: 1006, reaction: "disconnect", error: { code: "CLOSE_TIMEOUT" } }]);
  });

  it("and connect in one breath leave it connected: the later call is the wish", async () => {
    const { client, connector, open, told } = setStage();
    await open();
    const over = client.disconnect();
    const again = client.connect();
    expect(connector.connections).toHaveLength(1);
    connector.last.end(1000);
    await over;
    connector.last.open();
    await again;
    expect(told.slice(3)).toEqual(["closing", "CLOSE 1000 disconnect", "disconnected", "connecting", "open", "OPEN"]);
  });

  it("after disconnect and connect in one breath wins again", async () => {
    const { client, connector, open } = setStage();
    await open();
    void client.disconnect();
    const again = client.connect();
    const over = client.disconnect();
    connector.last.end(1000);
    await expect(again).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    await over;
    expect(client.state).toBe("disconnected");
    expect(connector.connections).toHaveLength(1);
  });

  it("is what `await using` does at the end", async () => {
    const { client, connector, open } = setStage();
    await open();
    const over = client[Symbol.asyncDispose]();
    connector.last.end(1000);
    await over;
    expect(client.state).toBe("disconnected");
  });
});

describe("options", () => {
  it.each([
    [{ reconect: {} }, "reconect is [object Object]: expected one of envelope,protocols"],
    [{ queue: { max: 1 } }, "queue.max is 1: expected one of maxMessages"],
    [{ connectTimeoutMs: 0 }, "connectTimeoutMs is 0: expected a number above 0"],
    [{ reconnect: { initialDelayMs: "1" } }, "reconnect.initialDelayMs is 1: expected a number above 0"],
    [{ reconnect: { mode: "slow" } }, "reconnect.mode is slow: expected jitter,fixed"],
    [{ queue: { whileOffline: "drop" } }, "queue.whileOffline is drop: expected queue,reject"],
    [{ envelope: "json" }, "envelope is json: expected gateway,none"],
    [{ heartbeat: { intervalMs: Number.NaN } }, "heartbeat.intervalMs is NaN: expected a number above 0"],
  ])("refuses %j", (options, message) => {
    expect(() => setStage(options as object)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(message) as unknown }),
    );
  });
});
