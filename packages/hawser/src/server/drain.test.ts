import { expect, it } from "vitest";
import { createDeferred } from "../internal/deferred.js";
import type { CloseReport, Socket } from "../socket/index.js";
import { createVirtualRuntime } from "../testing/index.js";
import type { VirtualRuntime } from "../testing/index.js";
import { chooseSpread, drain, settleWithin } from "./drain.js";

interface FakeSocket extends Pick<Socket, "close" | "abort" | "closed"> {
  readonly calls: string[];
}

/** A socket of which only the end is used. */
function createSocket(runtime: VirtualRuntime, answers: boolean): FakeSocket {
  const closed = createDeferred<CloseReport>();
  const calls: string[] = [];
  const over = (): void => closed.resolve({} as CloseReport);
  return {
    calls,
    closed: closed.promise,
    close(code, reason) {
      calls.push(`close ${code} ${reason} at ${runtime.clock.now()}`);
      if (answers) over();
      return closed.promise;
    },
    abort() {
      calls.push(`abort at ${runtime.clock.now()}`);
      over();
    },
  };
}

const asSockets = (sockets: readonly FakeSocket[]): Socket[] => sockets as unknown as Socket[]; // all that drain uses

it.each([
  ["1 s for each 1,000 connections", 5000, { spreadMs: undefined, timeoutMs: 15_000 }, 5000],
  ["at most 10 s", 50_000, { spreadMs: undefined, timeoutMs: 15_000 }, 10_000],
  ["what was asked", 10, { spreadMs: 3000, timeoutMs: 15_000 }, 3000],
  ["no more than two thirds of the timeout", 50_000, { spreadMs: undefined, timeoutMs: 3000 }, 2000],
  ["nothing when asked so", 50_000, { spreadMs: 0, timeoutMs: 15_000 }, 0],
])("spreads over %s", (_name, count, options, expected) => {
  expect(chooseSpread(count, options)).toBe(expected);
});

it("closes a part of the sockets at a time", async () => {
  const runtime = createVirtualRuntime();
  const sockets = Array.from({ length: 4 }, () => createSocket(runtime, true));
  const options = { code: 1001, reason: "bye", timeoutMs: 15_000, spreadMs: 40, runtime };
  const drained = drain(asSockets(sockets), options);
  await runtime.clock.advance(100);
  await drained;
  expect(sockets.map(({ calls }) => calls)).toEqual([
    ["close 1001 bye at 0"],
    ["close 1001 bye at 0"],
    ["close 1001 bye at 20"],
    ["close 1001 bye at 20"],
  ]);
  expect(runtime.wheel.size).toBe(0);
});

it("aborts at the timeout what has not ended", async () => {
  const runtime = createVirtualRuntime();
  const socket = createSocket(runtime, false);
  const options = { code: 1001, reason: "", timeoutMs: 1000, spreadMs: undefined, runtime };
  const drained = drain(asSockets([socket]), options);
  await runtime.clock.advance(1000);
  await drained;
  expect(socket.calls).toEqual(["close 1001  at 0", "abort at 1000"]);
});

it("settles at once without sockets", async () => {
  const runtime = createVirtualRuntime();
  await drain([], { code: 1001, reason: "", timeoutMs: 1000, spreadMs: undefined, runtime });
  expect(runtime.wheel.size).toBe(0);
});

it("waits for a promise, but no longer than it may", async () => {
  const runtime = createVirtualRuntime();
  await settleWithin(Promise.resolve(), 1000, runtime);
  expect(runtime.wheel.size).toBe(0);
  const late = settleWithin(new Promise(() => {}), 1000, runtime);
  await runtime.clock.advance(1000);
  await expect(late).resolves.toBeUndefined();
});
