import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ActionError } from "../../src/entries/gateway.js";
import type { StandardSchema } from "../../src/entries/gateway.js";
import { createDeferred } from "../../src/internal/deferred.js";
import { createVirtualRuntime } from "../../src/testing/index.js";
import { startGateway } from "../support/gateway-fixture.js";
import type { Peer, WireMessage } from "../support/gateway-fixture.js";

/** The next messages, by pid. */
async function collect(peer: Peer, count: number): Promise<Map<unknown, WireMessage>> {
  const answers = new Map<unknown, WireMessage>();
  for (let left = count; left > 0; left--) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const answer = await peer.next();
    answers.set(answer["pid"], answer);
  }
  return answers;
}

describe("a request", () => {
  it("is answered with its pid", async () => {
    const { login } = await startGateway({}, (gateway) => {
      gateway.action("add", {}, (data) => ({ sum: (data as number[]).reduce((sum, next) => sum + next, 0) }));
    });
    const peer = await login("ann");
    expect(await peer.ask({ pid: "43eae41d", action: "add", data: [1, 2, 3] })).toEqual({
      pid: "43eae41d",
      actionAck: "add",
      status: 1,
      data: { sum: 6 },
    });
  });

  it("without a pid is carried out, and never answered", async () => {
    const seen: unknown[] = [];
    const { login } = await startGateway({}, (gateway) => {
      gateway
        .action("note", {}, (data, { pid }) => void seen.push(data, pid))
        .action("fail", {}, () => {
          throw new Error("no");
        });
    });
    const peer = await login("ann");
    peer.send({ action: "note", data: 1 }).send({ action: "fail" }).send({ action: "unknown" });
    expect(await peer.ask({ action: "ping" })).toMatchObject({ actionAck: "ping" });
    expect(seen).toEqual([1, undefined]);
    expect(peer.inbox).toEqual([]);
  });

  it("is answered when its action is done, in whatever order", async () => {
    const first = createDeferred<string>();
    const { login } = await startGateway({}, (gateway) => {
      gateway.action("slow", {}, () => first.promise).action("fast", {}, () => "fast");
    });
    const peer = await login("ann");
    peer.send({ pid: "1", action: "slow" });
    expect(await peer.ask({ pid: "2", action: "fast" })).toMatchObject({ pid: "2", data: "fast" });
    first.resolve("slow");
    expect(await peer.next()).toMatchObject({ pid: "1", data: "slow" });
  });

  it("for an action that there is not, or not yet, is refused UNKNOWN_ACTION", async () => {
    const { login } = await startGateway();
    const peer = await login("ann");
    for (const action of ["nothing", "history", "presence", "toString", "__proto__"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await peer.ask({ action })).toMatchObject({ actionAck: action, error: { code: "UNKNOWN_ACTION" } });
    }
  });

  it("REL-D14 that announces parts is carried out at once: nothing waits for what is promised", async () => {
    const { login, gateway } = await startGateway({}, (it) => it.action("echo", {}, (data) => data));
    const peer = await login("ann");
    const promises = { attachments: 5, more: true, parts: 1e6, credit: 1e9, deadlineMs: 1e12 };
    expect(await peer.ask({ action: "echo", data: 1, ...promises })).toMatchObject({ status: 1, data: 1 });
    expect(gateway.stats().requestsInFlight).toBe(0);
  });

  it.runIf(process.platform === "linux")("REL-D16 begins no thread, however many there are", async () => {
    const { login } = await startGateway({ service: { rateLimit: false } }, (gateway) => {
      gateway.action("later", {}, async () => new Promise(setImmediate));
    });
    const peer = await login("ann");
    const before = readdirSync("/proc/self/task").length;
    for (let pid = 0; pid < 1000; pid++) peer.send({ pid: `${pid}`, action: "later" });
    await collect(peer, 1000);
    // Node's own pool, where it was not there before
    expect(readdirSync("/proc/self/task").length - before).toBeLessThanOrEqual(4);
  });
});

describe("what an action does", () => {
  it("refuses with an ActionError, as it is", async () => {
    const { login, errors } = await startGateway({}, (gateway) => {
      gateway
        .action("sync", {}, () => {
          throw new ActionError("MARKET_CLOSED", "opens at 9:00", { temporary: true, retryAfterMs: 60_000 });
        })
        .action("async", {}, () => Promise.reject(new ActionError("FORBIDDEN", "not yours")));
    });
    const peer = await login("ann");
    expect(await peer.ask({ pid: "1", action: "sync" })).toEqual({
      pid: "1",
      actionAck: "sync",
      status: 0,
      error: { code: "MARKET_CLOSED", message: "opens at 9:00", temporary: true, retryAfterMs: 60_000 },
    });
    expect(await peer.ask({ action: "async" })).toMatchObject({ error: { code: "FORBIDDEN", temporary: false } });
    expect(errors).toEqual([]);
  });

  const broken: readonly (readonly [string, () => unknown])[] = [
    [
      "throws",
      () => {
        throw new Error("the key is 12345");
      },
    ],
    ["rejects", () => Promise.reject(new Error("the key is 12345"))],
    // oxlint-disable-next-line prefer-promise-reject-errors -- what applications do
    ["rejects with nothing", () => Promise.reject()],
    ["returns a loop", loop],
    ["returns a bigint", () => 1n],
    ["REL-D10 returns nesting without end", () => nest(200_000)],
  ];
  it.each(broken)("that %s is INTERNAL to the peer, and the truth to onError", async (_name, handler) => {
    const { login, errors, gateway } = await startGateway({}, (it) => it.action("broken", {}, handler));
    const peer = await login("ann");
    const answer = await peer.ask({ pid: "1", action: "broken" });
    expect(answer).toEqual({
      pid: "1",
      actionAck: "broken",
      status: 0,
      error: { code: "INTERNAL", message: "the server failed", temporary: false },
    });
    expect(errors).toMatchObject([{ code: "HANDLER_FAILED", facts: { action: "broken" } }]);
    expect(gateway.stats().requestsInFlight).toBe(0);
    expect(await peer.ask({ action: "ping" })).toMatchObject({ status: 1 });
  });

  it("an onError that throws harms nobody", async () => {
    const { login } = await startGateway(
      {
        onError: () => {
          throw new Error("in the handler");
        },
      },
      (gateway) => gateway.action("broken", {}, () => Promise.reject(new Error("no"))),
    );
    expect(await (await login("ann")).ask({ action: "broken" })).toMatchObject({ error: { code: "INTERNAL" } });
  });
});

describe("a schema", () => {
  const order = z.object({ symbol: z.string(), volume: z.coerce.number().positive() });

  it("gives the handler what it made of data", async () => {
    const { login } = await startGateway({}, (gateway) => {
      gateway.action("order", { input: order }, ({ symbol, volume }) => `${volume + 1} of ${symbol}`);
    });
    const peer = await login("ann");
    expect(await peer.ask({ action: "order", data: { symbol: "LLG", volume: "1.5", more: 1 } })).toMatchObject({
      data: "2.5 of LLG",
    });
  });

  it("refuses other data with INVALID_DATA and its issues, and the handler is not asked", async () => {
    let calls = 0;
    const { login, errors } = await startGateway({}, (gateway) => {
      gateway.action("order", { input: order }, () => ++calls);
    });
    const peer = await login("ann");
    expect(await peer.ask({ action: "order", data: { symbol: 5, volume: -1 } })).toMatchObject({
      error: { code: "INVALID_DATA", temporary: false, issues: [{ path: ["symbol"] }, { path: ["volume"] }] },
    });
    expect(await peer.ask({ action: "order" })).toMatchObject({ error: { issues: [{ path: [] }] } });
    expect([calls, errors]).toEqual([0, []]);
  });

  it("shortens what an issue repeats of the data: keys, and how deep it is", async () => {
    const key = "k".repeat(60_000);
    const input = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => ({ issues: [{ message: key, path: Array.from({ length: 100 }, () => ({ key })) }] }),
      },
    } as const;
    const { login } = await startGateway({}, (gateway) => gateway.action("order", { input }, () => 1));
    const path = Array.from({ length: 32 }, () => key.slice(0, 200));
    expect(await (await login("ann")).ask({ action: "order" })).toMatchObject({
      error: { code: "INVALID_DATA", issues: [{ message: key.slice(0, 200), path }] },
    });
  });

  it("tells of twenty issues at most, however many there are", async () => {
    const { login } = await startGateway({}, (gateway) => {
      gateway.action("list", { input: z.array(z.string()) }, () => 0);
    });
    const answer = await (await login("ann")).ask({ action: "list", data: Array.from({ length: 900 }, () => 1) });
    expect((answer as { error: { issues: unknown[] } }).error.issues).toHaveLength(20);
  });

  it("may take its time", async () => {
    const later: StandardSchema<unknown, number> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) =>
          Promise.resolve(
            typeof value === "number"
              ? { value: value * 2 }
              : { issues: [{ message: "no", path: [{ key: "a" }, Symbol("b")] }] },
          ),
      },
    };
    const { login } = await startGateway({}, (gateway) => {
      gateway.action("double", { input: later, output: later }, (data) => data);
    });
    const peer = await login("ann");
    expect(await peer.ask({ action: "double", data: 3 })).toMatchObject({ data: 12 });
    expect(await peer.ask({ action: "double", data: "3" })).toMatchObject({
      error: { code: "INVALID_DATA", issues: [{ message: "no", path: ["a", "Symbol(b)"] }] },
    });
  });

  it("of the output keeps back what it does not allow: INTERNAL", async () => {
    const { login, errors } = await startGateway({}, (gateway) => {
      gateway.action("who", { output: z.object({ name: z.string() }) }, (data) => data as { name: string });
    });
    const peer = await login("ann");
    expect(await peer.ask({ action: "who", data: { name: "ann", hash: "x" } })).toMatchObject({
      data: { name: "ann" },
    });
    expect(await peer.ask({ action: "who", data: { hash: "secret" } })).toMatchObject({
      error: { code: "INTERNAL", message: "the server failed" },
    });
    expect(errors).toMatchObject([{ code: "HANDLER_FAILED" }]);
  });
});

describe("a request in flight", () => {
  it("is refused TIMEOUT after 30 s, or the action's time; what comes later is dropped", async () => {
    const runtime = createVirtualRuntime();
    const done = createDeferred<string>();
    const reasons: unknown[] = [];
    const { login, gateway } = await startGateway({ runtime, server: { heartbeat: false } }, (it) => {
      const wait = (_data: unknown, { signal }: { signal: AbortSignal }): Promise<string> => {
        signal.addEventListener("abort", () => reasons.push((signal.reason as { code: string }).code));
        return done.promise;
      };
      it.action("wait", {}, wait).action("short", { timeoutMs: 1000 }, wait);
    });
    const peer = await login("ann");
    peer.send({ pid: "1", action: "wait" }).send({ pid: "2", action: "short" });
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(2);
    await runtime.clock.advance(1100);
    expect(await peer.next()).toMatchObject({ pid: "2", error: { code: "TIMEOUT", temporary: true } });
    await runtime.clock.advance(28_000);
    expect(gateway.stats().requestsInFlight).toBe(1);
    await runtime.clock.advance(1000);
    expect(await peer.next()).toMatchObject({ pid: "1", error: { code: "TIMEOUT" } });
    expect(reasons).toEqual(["TIMEOUT", "TIMEOUT"]);
    done.resolve("late");
    expect(await peer.ask({ action: "ping" })).toMatchObject({ actionAck: "ping" });
  });

  it("may have all the time in the world", async () => {
    const runtime = createVirtualRuntime();
    const done = createDeferred<number>();
    const { login, gateway, audit } = await startGateway({ runtime, server: { heartbeat: false } }, (it) => {
      it.action("wait", { timeoutMs: Infinity }, () => done.promise);
    });
    const peer = await login("ann");
    peer.send({ pid: "1", action: "wait" });
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(1);
    await runtime.clock.advance(86_400_000);
    done.resolve(5);
    expect(await peer.next()).toMatchObject({ data: 5 });
    expect(audit.at(-1)).toMatchObject({ durationMs: 86_400_000 });
  });

  it("knows its deadline, whoever asks for the signal late finds it aborted", async () => {
    const runtime = createVirtualRuntime();
    const late = createDeferred<boolean>();
    const { login } = await startGateway({ runtime, server: { heartbeat: false } }, (it) => {
      it.action("wait", { timeoutMs: 500 }, async (_data, context) => {
        await new Promise<void>((resolve) => void runtime.clock.schedule(resolve, 1000));
        late.resolve(context.signal.aborted && context.deadlineMs === 500);
      });
    });
    const peer = await login("ann");
    peer.send({ pid: "1", action: "wait" });
    await expect.poll(() => runtime.clock.pending).toBeGreaterThan(1);
    await runtime.clock.advance(2000);
    expect(await late.promise).toBe(true);
  });

  it("that is cancelled is refused CANCELLED, and its signal aborted", async () => {
    const { login, gateway } = await startGateway({}, (it) => {
      it.action(
        "wait",
        {},
        (_data, { signal }) =>
          new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
      );
    });
    const peer = await login("ann");
    peer.send({ pid: "1", action: "wait" }).send({ action: "cancel", pid: "1" });
    expect(await peer.next()).toEqual({
      pid: "1",
      actionAck: "wait",
      status: 0,
      error: { code: "CANCELLED", message: "the request was cancelled", temporary: false },
    });
    expect(gateway.stats().requestsInFlight).toBe(0);
  });

  it("is answered once, when it had finished before it was cancelled; a cancel of nothing does nothing", async () => {
    const { login } = await startGateway({}, (it) => it.action("now", {}, () => 1));
    const peer = await login("ann");
    peer.send({ pid: "1", action: "now" }).send({ action: "cancel", pid: "1" }).send({ action: "cancel" });
    expect(await peer.next()).toMatchObject({ pid: "1", data: 1 });
    expect(await peer.ask({ action: "ping" })).toMatchObject({ actionAck: "ping" });
  });

  it("is aborted when its connection is lost, and the handler's failure then is no error", async () => {
    const aborted = createDeferred<unknown>();
    const { login, gateway, errors } = await startGateway({}, (it) => {
      it.action("wait", {}, (_data, { signal }) => {
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted.resolve((signal.reason as { code: string }).code);
            reject(new Error("stopped"));
          });
        });
      });
    });
    const peer = await login("ann");
    peer.send({ pid: "1", action: "wait" });
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(1);
    peer.socket.terminate();
    expect(await aborted.promise).toBe("CONNECTION_LOST");
    expect([gateway.stats().requestsInFlight, errors]).toEqual([0, []]);
  });

  it("is what the same pid attaches to: the action runs once, and one answer comes", async () => {
    const done = createDeferred<number>();
    let runs = 0;
    const { login } = await startGateway({}, (it) => {
      it.action("wait", {}, () => {
        runs++;
        return done.promise;
      });
    });
    const peer = await login("ann");
    for (let count = 0; count < 3; count++) peer.send({ pid: "1", action: "wait" });
    expect(await peer.ask({ action: "ping" })).toMatchObject({ actionAck: "ping" });
    done.resolve(5);
    expect(await peer.next()).toMatchObject({ pid: "1", data: 5 });
    expect(await peer.ask({ action: "ping" })).toMatchObject({ actionAck: "ping" });
    expect(runs).toBe(1);
  });

  it("keeps its pid from another action: CONFLICT", async () => {
    const { login } = await startGateway({}, (it) => {
      it.action("wait", {}, () => new Promise(() => {})).action("other", {}, () => 1);
    });
    const peer = await login("ann");
    peer.send({ pid: "1", action: "wait" });
    expect(await peer.ask({ pid: "1", action: "other" })).toMatchObject({
      actionAck: "other",
      error: { code: "CONFLICT", temporary: false },
    });
  });

  it("REL-D15 is one of a hundred at most, with a pid or without, and all are freed with the connection", async () => {
    const { login, gateway } = await startGateway({}, (it) => it.action("wait", {}, () => new Promise(() => {})));
    const peer = await login("ann");
    for (let pid = 0; pid < 50; pid++) peer.send({ pid: `${pid}`, action: "wait" }).send({ action: "wait" });
    expect(await peer.ask({ pid: "100", action: "wait" })).toMatchObject({
      error: { code: "TOO_MANY_REQUESTS", temporary: true },
    });
    peer.send({ action: "cancel", pid: "7" });
    expect(await peer.next()).toMatchObject({ pid: "7", error: { code: "CANCELLED" } });
    peer.send({ pid: "100", action: "wait" });
    expect(await peer.ask({ action: "ping" })).toMatchObject({ status: 1 });
    expect(gateway.stats().requestsInFlight).toBe(100);
    peer.socket.terminate();
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(0);
  });
});

it.each([
  ["an empty name", "", {}],
  ["a long name", "x".repeat(129), {}],
  ["a name that is the gateway's", "subscribe", {}],
  ["a misspelt option", "a", { idempotant: true }],
  ["public that is no boolean", "a", { public: 1 }],
  ["a timeout of 0", "a", { timeoutMs: 0 }],
  ["an input that is no schema", "a", { input: { parse: () => 1 } }],
])("an action with %s is refused when it is defined", async (_name, name, options) => {
  const { gateway } = await startGateway();
  expect(() => gateway.action(name, options as object, () => 1)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error,
  );
});

it("an action is defined once", async () => {
  const { gateway } = await startGateway();
  gateway.action("a", {}, () => 1);
  expect(() => gateway.action("a", {}, () => 2)).toThrow("the action a is defined already");
});

function loop(): unknown {
  const list: unknown[] = [];
  list.push(list);
  return list;
}

function nest(levels: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}
