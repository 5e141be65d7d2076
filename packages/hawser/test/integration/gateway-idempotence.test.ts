import { describe, expect, it } from "vitest";
import { ActionError } from "../../src/entries/gateway.js";
import type { Gateway } from "../../src/entries/gateway.js";
import { createDeferred } from "../../src/internal/deferred.js";
import type { Deferred } from "../../src/internal/deferred.js";
import { createVirtualRuntime } from "../../src/testing/index.js";
import { startGateway } from "../support/gateway-fixture.js";
import type { Peer, WireMessage } from "../support/gateway-fixture.js";

const still = { server: { heartbeat: false } } as const;
const order = { pid: "order-1", action: "order", data: { symbol: "LLG", volume: 1 } };

/** Counts its runs, and answers which one it was. */
function addOrders(gateway: Gateway): { runs: number } {
  const state = { runs: 0 };
  gateway.action("order", { idempotent: true }, () => ({ run: ++state.runs }));
  return state;
}

/** Each run waits for the test. */
function addSlowOrders(gateway: Gateway): Deferred<unknown>[] {
  const runs: Deferred<unknown>[] = [];
  gateway.action("order", { idempotent: true }, () => {
    const run = createDeferred<unknown>();
    runs.push(run);
    return run.promise;
  });
  return runs;
}

/** Logs in on a new connection with the session of an earlier login. */
async function comeBack(peer: Peer, { session, resume }: WireMessage): Promise<Peer> {
  expect(await peer.ask({ action: "login", data: { user: "ann" }, session, resume })).toMatchObject({ resumed: true });
  return peer;
}

describe("an idempotent action", () => {
  it("runs once for a pid, whatever connection of the user asks again", async () => {
    let state = { runs: 0 };
    const { login } = await startGateway({}, (gateway) => (state = addOrders(gateway)));
    const answer = { pid: "order-1", actionAck: "order", status: 1, data: { run: 1 } };
    const first = await login("ann");
    expect(await first.ask(order)).toEqual(answer);
    expect(await first.ask(order)).toEqual(answer);
    first.socket.terminate();
    const second = await login("ann");
    expect(await second.ask({ ...order, data: { volume: 1, symbol: "LLG" } })).toEqual(answer);
    expect(state.runs).toBe(1);
  });

  it("runs for each pid, user and action of its own", async () => {
    const { login } = await startGateway({}, (gateway) => {
      addOrders(gateway);
      gateway.action("other", { idempotent: true }, () => "other");
    });
    const [ann, bob] = [await login("ann"), await login("bob")];
    expect(await ann.ask(order)).toMatchObject({ data: { run: 1 } });
    expect(await bob.ask(order)).toMatchObject({ data: { run: 2 } });
    expect(await ann.ask({ ...order, pid: "order-2" })).toMatchObject({ data: { run: 3 } });
    expect(await ann.ask({ ...order, action: "other" })).toMatchObject({ data: "other" });
  });

  it("refuses other data for the same pid: CONFLICT, not temporary", async () => {
    const { login } = await startGateway({}, addOrders);
    const peer = await login("ann");
    await peer.ask(order);
    expect(await peer.ask({ ...order, data: { symbol: "LLG", volume: 2 } })).toMatchObject({
      pid: "order-1",
      error: { code: "CONFLICT", temporary: false },
    });
    const long = "x".repeat(1000);
    await peer.ask({ ...order, pid: "2", data: long });
    expect(await peer.ask({ ...order, pid: "2", data: `${long.slice(1)}y` })).toMatchObject({
      error: { code: "CONFLICT" },
    });
    expect(await peer.ask({ ...order, pid: "2", data: long })).toMatchObject({ status: 1 });
  });

  it("stores refusals, but not those that are temporary", async () => {
    let runs = 0;
    const { login } = await startGateway({}, (gateway) => {
      gateway.action("order", { idempotent: true }, (data) => {
        runs++;
        throw new ActionError(String(data), "no", { temporary: data === "BUSY" });
      });
    });
    const peer = await login("ann");
    for (const data of ["REFUSED", "BUSY", "REFUSED", "BUSY"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await peer.ask({ pid: data, action: "order", data })).toMatchObject({ error: { code: data } });
    }
    expect(runs).toBe(3);
  });

  it("runs on when its connection is lost, and the session that comes back waits for it", async () => {
    let runs: Deferred<unknown>[] = [];
    const { connect, gateway } = await startGateway({}, (it) => (runs = addSlowOrders(it)));
    const first = await connect();
    const login = await first.ask({ action: "login", data: { user: "ann" } });
    first.send(order);
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(1);
    first.socket.terminate();
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(0);

    const second = await comeBack(await connect(), login);
    second.send(order);
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(1);
    runs[0]?.resolve("bought");
    expect(await second.next()).toEqual({ pid: "order-1", actionAck: "order", status: 1, data: "bought" });
    expect(await second.ask(order)).toMatchObject({ data: "bought" });
    expect(runs).toHaveLength(1);
    expect(gateway.stats().requestsInFlight).toBe(0);
  });

  it("while it runs refuses another session of the user: CONFLICT, temporary", async () => {
    let runs: Deferred<unknown>[] = [];
    const { login, gateway } = await startGateway({}, (it) => (runs = addSlowOrders(it)));
    const [first, second] = [await login("ann"), await login("ann")];
    first.send(order);
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(1);
    expect(await second.ask(order)).toMatchObject({ error: { code: "CONFLICT", temporary: true } });
    runs[0]?.resolve("bought");
    expect(await first.next()).toMatchObject({ data: "bought" });
    expect(await second.ask(order)).toMatchObject({ data: "bought" });
    expect(runs).toHaveLength(1);
  });

  it("that ends after its time has its answer for who asks again", async () => {
    const runtime = createVirtualRuntime();
    let runs: Deferred<unknown>[] = [];
    const { login, gateway } = await startGateway({ runtime, ...still }, (it) => (runs = addSlowOrders(it)));
    const peer = await login("ann");
    peer.send(order);
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(1);
    await runtime.clock.advance(30_100);
    expect(await peer.next()).toMatchObject({ error: { code: "TIMEOUT", temporary: true } });
    peer.send(order);
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(1);
    runs[0]?.resolve("bought");
    expect(await peer.next()).toMatchObject({ data: "bought" });
    expect(runs).toHaveLength(1);
  });

  it("that never ends is forgotten like one that did: its memory is counted, and after five minutes it may run again", async () => {
    const runtime = createVirtualRuntime();
    let runs: Deferred<unknown>[] = [];
    const { login, gateway } = await startGateway({ runtime, ...still }, (it) => (runs = addSlowOrders(it)));
    const peer = await login("ann");
    peer.send(order);
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(1);
    await runtime.clock.advance(30_100);
    expect(await peer.next()).toMatchObject({ error: { code: "TIMEOUT" } });
    expect(gateway.stats().storedResponseBytes).toBeGreaterThan(0);
    await runtime.clock.advance(300_100);
    expect(gateway.stats().storedResponseBytes).toBe(0);
    peer.send(order);
    await expect.poll(() => runs.length).toBe(2);
    // what comes of the first is nobody's any more
    runs[0]?.resolve("late");
    runs[1]?.resolve("bought");
    expect(await peer.next()).toMatchObject({ data: "bought" });
    expect(await peer.ask(order)).toMatchObject({ data: "bought" });
  });

  it("that was cancelled and done all the same has its answer for who asks again", async () => {
    let runs: Deferred<unknown>[] = [];
    const { login } = await startGateway({}, (it) => (runs = addSlowOrders(it)));
    const peer = await login("ann");
    peer.send(order).send({ action: "cancel", pid: "order-1" });
    expect(await peer.next()).toMatchObject({ error: { code: "CANCELLED" } });
    runs[0]?.resolve("bought");
    expect(await peer.ask(order)).toMatchObject({ data: "bought" });
  });

  it("that stopped because it was told to may run again", async () => {
    let runs = 0;
    const { connect, gateway } = await startGateway({}, (it) => {
      it.action("order", { idempotent: true }, (_data, { signal }) => {
        runs++;
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        });
      });
    });
    const peer = await connect();
    const login = await peer.ask({ action: "login", data: { user: "ann" } });
    peer.send(order);
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(1);
    peer.socket.terminate();
    await expect.poll(() => gateway.stats().requestsInFlight).toBe(0);
    const second = await comeBack(await connect(), login);
    second.send(order).send({ action: "cancel", pid: "order-1" });
    expect(await second.next()).toMatchObject({ error: { code: "CANCELLED" } });
    expect(runs).toBe(2);
  });

  it("is not remembered without a login, and has no pid to be remembered by without one", async () => {
    let runs = 0;
    const { connect } = await startGateway({}, (gateway) => {
      gateway.action("count", { public: true, idempotent: true }, () => ++runs);
    });
    const peer = await connect();
    await peer.ask({ pid: "1", action: "count" });
    expect(await peer.ask({ pid: "1", action: "count" })).toMatchObject({ data: 2 });
    await peer.ask({ action: "login", data: { user: "ann" } });
    peer.send({ action: "count" }).send({ action: "count" });
    expect(await peer.ask({ pid: "1", action: "count" })).toMatchObject({ data: 5 });
  });
});

describe("stored responses", () => {
  it("are kept for five minutes", async () => {
    const runtime = createVirtualRuntime();
    const { login, gateway } = await startGateway({ runtime, ...still }, addOrders);
    const peer = await login("ann");
    await peer.ask(order);
    await runtime.clock.advance(200_000);
    await peer.ask({ ...order, pid: "order-2" });
    await runtime.clock.advance(99_000);
    expect(await peer.ask(order)).toMatchObject({ data: { run: 1 } });
    await runtime.clock.advance(1100);
    expect(await peer.ask(order)).toMatchObject({ data: { run: 3 } });
    expect(await peer.ask({ ...order, pid: "order-2" })).toMatchObject({ data: { run: 2 } });
    await runtime.clock.advance(301_000);
    expect(gateway.stats().storedResponseBytes).toBe(0);
  });

  it("take no more than their budget: the oldest go", async () => {
    const { login, gateway } = await startGateway({ limits: { maxStoredResponseBytes: 100_000 } }, (it) => {
      it.action("order", { idempotent: true }, () => "x".repeat(10_000));
    });
    const peer = await login("ann");
    for (let pid = 0; pid < 20; pid++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await peer.ask({ pid: `${pid}`, action: "order" });
      expect(gateway.stats().storedResponseBytes).toBeLessThanOrEqual(100_000);
    }
    expect(gateway.stats().storedResponseBytes).toBeGreaterThan(80_000);
  });

  it.each([
    ["many small ones", 200, 500],
    ["a large one", 1, 60_000],
  ])("who asks for %s costs nobody else theirs", async (_name, count, length) => {
    const { login, gateway } = await startGateway({ limits: { maxStoredResponseBytes: 100_000 } }, (it) => {
      addOrders(it);
      it.action("fill", { idempotent: true }, () => "x".repeat(length));
    });
    const ann = await login("ann");
    expect(await ann.ask(order)).toMatchObject({ data: { run: 1 } });
    const bob = await login("bob");
    for (let pid = 0; pid < count; pid++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await bob.ask({ pid: `${pid}`, action: "fill" });
      expect(gateway.stats().storedResponseBytes).toBeLessThanOrEqual(100_000);
    }
    expect(await ann.ask(order)).toMatchObject({ data: { run: 1 } });
  });

  it("one that is larger than the budget is not kept", async () => {
    const { login, gateway } = await startGateway({ limits: { maxStoredResponseBytes: 1000 } }, (it) => {
      it.action("order", { idempotent: true }, () => "x".repeat(10_000));
    });
    await (await login("ann")).ask(order);
    expect(gateway.stats().storedResponseBytes).toBe(0);
  });
});
