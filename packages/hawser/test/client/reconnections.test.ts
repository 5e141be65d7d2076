// What a client holds does not grow with the number of its connections. 20,000: HAWSER_RECONNECTIONS=20000.
import { getEventListeners } from "node:events";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { createClientCore } from "../../src/client/index.js";
import type { ScriptedConnection } from "../../src/testing/index.js";
import { createScriptedConnector, createSeededRandom, VirtualClock } from "../../src/testing/index.js";
import { timeout } from "../interop/patience.js";

const RECONNECTIONS = Number(process.env["HAWSER_RECONNECTIONS"] ?? 2000);
const WARM_UP = 500;
/** 150 bytes of each connection in the shortest run. */
const MOST_BYTES = 300_000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void; // the flag has made it

function measure(): number {
  collect();
  collect();
  return getHeapStatistics().used_heap_size;
}

it("heap, timers and listeners of a client are flat over thousands of reconnections", { timeout }, async () => {
  const clock = new VirtualClock();
  const random = createSeededRandom(7);
  let current: ScriptedConnection | undefined;
  let listeners = 0;
  const connector = {
    capabilities: { ping: false, backpressure: false, headers: false },
    // a connector for each connection: one alone remembers all that it began
    open: (...begin: Parameters<ReturnType<typeof createScriptedConnector>["open"]>) => {
      const scripted = createScriptedConnector();
      scripted.open(...begin);
      return (current = scripted.last);
    },
  };
  const platform = {
    clock,
    random: (target: Uint8Array) => random.fill(target),
    watchNetwork: () => {
      listeners++;
      return () => void listeners--;
    },
  };
  const client = createClientCore(connector, platform, "ws://server/", {
    login: () => Promise.resolve("token"),
    reconnect: { stableMs: 1 },
  });
  const signal = new AbortController().signal;
  let ended = 0;
  const news = client.subscribe("news");
  news.ready.catch(() => {});
  void client.connect();

  /** One connection from its opening to its loss, with everything under way that can be. */
  const live = async (): Promise<void> => {
    await clock.advance(0);
    current?.open();
    await clock.advance(0);
    current?.answer("login", { session: "s", resume: "r" });
    current?.answer("subscribe", { channel: "news" });
    const answered = client.request("answered", {}, { signal });
    current?.answer("answered");
    const lost = client.request("lost", {}, { signal });
    const left = client.subscribe("left");
    const iterator = left[Symbol.asyncIterator]();
    left.on(() => {});
    void left.unsubscribe();
    await clock.advance(100);
    current?.end(1006);
    const aborted = client.request("aborted", {}, { timeoutMs: 1, signal });
    await clock.advance(30_000);
    await Promise.allSettled([answered, lost, aborted]);
    // no expect here: it remembers what it was given
    if ((await iterator.next()).done === true) ended++;
  };

  const run = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done++) {
      // oxlint-disable-next-line no-await-in-loop -- one connection after the other
      await live();
    }
  };
  await run(WARM_UP);
  const before = measure();
  const timers = clock.pending;
  await run(RECONNECTIONS);
  expect(ended).toBe(WARM_UP + RECONNECTIONS);
  expect(measure() - before).toBeLessThan(MOST_BYTES);
  expect(clock.pending).toBe(timers);
  expect([listeners, getEventListeners(signal, "abort").length, client.queued]).toEqual([1, 0, 0]);

  const over = client.disconnect();
  current?.end(1000);
  await over;
  expect([clock.pending, listeners, client.state]).toEqual([0, 0, "disconnected"]);
});
