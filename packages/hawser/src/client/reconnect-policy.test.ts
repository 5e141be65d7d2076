import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeCodes } from "../messages/index.js";
import { createSeededRandom } from "../testing/index.js";
import type { ReconnectOptions } from "./client-types.js";
import type { ConnectionEnd } from "./connector.js";
import { freshMemory, planReturn } from "./reconnect-policy.js";
import type { EndFacts, ReturnMemory, ReturnPlan } from "./reconnect-policy.js";

const defaults: Required<ReconnectOptions> = {
  mode: "jitter",
  initialDelayMs: 500,
  maxDelayMs: 30_000,
  stableMs: 5000,
  maxAttempts: Infinity,
  codes: {},
};

const endWith = (code: number, facts: Partial<ConnectionEnd> = {}): ConnectionEnd => ({
  code,
  reason: "",
  clean: true,
  error: undefined,
  ...facts,
});

interface Case extends Partial<Omit<EndFacts, "end">> {
  readonly memory?: ReturnMemory;
  readonly options?: ReconnectOptions | false;
  /** What the random number is. @default almost 1: the bound itself */
  readonly random?: number;
  readonly end?: Partial<ConnectionEnd>;
}

function plan(code: number, { memory = freshMemory, options = {}, random = 1, end, ...facts }: Case = {}): ReturnPlan {
  const all = { openMs: 0, canLogin: true, ...facts, end: endWith(code, end) };
  return planReturn(memory, all, options === false ? false : { ...defaults, ...options }, () => random);
}

/** The bounds of failures in a row. */
function bounds(count: number, options: ReconnectOptions = {}): (number | undefined)[] {
  let memory = freshMemory;
  return Array.from({ length: count }, () => {
    const planned = plan(1006, { memory, options });
    memory = planned.memory;
    return planned.retryInMs;
  });
}

describe("the way back", () => {
  it("waits a random time up to a bound that doubles from 0.5 s to 30 s", () => {
    expect(bounds(9)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(plan(1006, { random: 0 }).retryInMs).toBe(0);
    expect(plan(1006, { random: 0.25 }).retryInMs).toBe(125);
  });

  it("waits always the same with mode fixed, as the original client did", () => {
    expect(bounds(4, { mode: "fixed", initialDelayMs: 10_000 })).toEqual([10_000, 10_000, 10_000, 10_000]);
    expect(plan(1012, { options: { mode: "fixed", initialDelayMs: 10_000 } }).retryInMs).toBe(10_000);
  });

  it("sets the bound back only after a connection that was stable", () => {
    const memory = { failures: 5, doublings: 5, logins: 0 };
    expect(plan(1006, { memory, openMs: 4999 }).retryInMs).toBe(16_000);
    expect(plan(1006, { memory, openMs: 5000 }).retryInMs).toBe(500);
  });

  it.each([...closeCodes].map(([code, { reaction }]) => [code, reaction] as const))(
    "answers %i with: %s",
    (code, reaction) => {
      const planned = plan(code);
      const waits = { soon: 1000, login: 1000, backoff: 500, never: undefined };
      expect(planned.reaction).toBe(reaction);
      expect(planned.retryInMs).toBe(waits[reaction]);
    },
  );

  it.each([4000, 3000, 1014, 1015])("backs off from %i, which no table has", (code) => {
    expect(plan(code)).toMatchObject({ reaction: "backoff", retryInMs: 500 });
  });

  it("takes the application's codes, before those of the protocol", () => {
    const options = { codes: { 4100: "never", 4403: "soon" } } as const;
    expect(plan(4100, { options }).retryInMs).toBeUndefined();
    expect(plan(4403, { options })).toMatchObject({ reaction: "soon", retryInMs: 1000 });
  });

  it("comes soon once; a server that sends it away again and again is backed off", () => {
    const first = plan(1012);
    const second = plan(1012, { memory: first.memory });
    const third = plan(1012, { memory: second.memory });
    expect([first.retryInMs, second.retryInMs, third.retryInMs]).toEqual([1000, 500, 1000]);
    expect(plan(1012, { memory: third.memory, openMs: 60_000 }).retryInMs).toBe(1000);
  });

  it("logs in again once: a second 4401 without a stable login is the last", () => {
    const first = plan(4401);
    expect(first.reaction).toBe("login");
    expect(plan(4401, { memory: first.memory, openMs: 100 }).reaction).toBe("never");
    expect(plan(4401, { memory: first.memory, openMs: 5000 }).reaction).toBe("login");
    expect(plan(4401, { canLogin: false }).reaction).toBe("never");
  });

  it("REL-F14 waits at least as long as the server asks, and a random time more", () => {
    expect(plan(1013, { end: { reason: '{"retryAfterMs":5000}' } }).retryInMs).toBe(5500);
    expect(plan(1013, { end: { reason: '{"retryAfterMs":5000}' }, random: 0 }).retryInMs).toBe(5000);
    expect(plan(1006, { end: { retryAfterMs: 7000, httpStatus: 503 } }).retryInMs).toBe(7500);
    expect(plan(1006, { retryAfterMs: 9000 }).retryInMs).toBe(9500);
    expect(plan(1006, { retryAfterMs: 9000 }).isHinted).toBe(true);
    expect(plan(1006, { options: { mode: "fixed" }, retryAfterMs: 9000 }).retryInMs).toBe(9000);
    expect(plan(4403, { end: { reason: '{"retryAfterMs":5000}' } }).retryInMs).toBeUndefined();
  });

  it.each(["{", "{}", '{"retryAfterMs":"5"}', '{"retryAfterMs":-1}', '{"retryAfterMs":null}', "[5]", "retry"])(
    "takes nothing from the close reason %s",
    (reason) => {
      expect(plan(1006, { end: { reason } })).toMatchObject({ retryInMs: 500, isHinted: false });
    },
  );

  it("believes no server that asks for more than an hour", () => {
    expect(plan(1006, { end: { reason: '{"retryAfterMs":1e300}' } }).retryInMs).toBe(3_600_500);
    expect(plan(1006, { end: { retryAfterMs: Infinity } }).retryInMs).toBe(3_600_500);
    expect(plan(1006, { end: { retryAfterMs: Number.NaN } }).retryInMs).toBe(500);
  });

  it("gives up after maxAttempts in a row", () => {
    expect(bounds(3, { maxAttempts: 3 })).toEqual([500, 1000, undefined]);
    const memory = { failures: 2, doublings: 2, logins: 0 };
    expect(plan(1006, { memory, options: { maxAttempts: 3 }, openMs: 5000 }).retryInMs).toBe(500);
  });

  it("never comes back with reconnect: false", () => {
    expect(plan(1012, { options: false }).retryInMs).toBeUndefined();
  });

  it("REL-F15 never comes back from a terminal code, whatever went before", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1002, 1003, 1007, 1008, 1009, 4400, 4403, 4409),
        fc.record({ failures: fc.nat(100), doublings: fc.nat(8), logins: fc.nat(2) }),
        fc.record({
          openMs: fc.nat(100_000),
          canLogin: fc.boolean(),
          random: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        fc.string(),
        (code, memory, facts, reason) => {
          expect(plan(code, { memory, ...facts, end: { reason } }).retryInMs).toBeUndefined();
        },
      ),
    );
  });

  it("never waits longer than the bound and the hint, nor a time that is none", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(1000, 1001, 1006, 1012, 1013, 4401, 4999), fc.nat(10_000), fc.nat(60_000)), {
          maxLength: 30,
        }),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (ends, random) => {
          let memory = freshMemory;
          for (const [code, openMs, retryAfterMs] of ends) {
            const planned = plan(code, { memory, openMs, retryAfterMs, random });
            memory = planned.memory;
            const waitMs = planned.retryInMs ?? 0;
            expect(waitMs).toBeGreaterThanOrEqual(planned.retryInMs === undefined ? 0 : retryAfterMs);
            expect(waitMs).toBeLessThanOrEqual(retryAfterMs + 30_000);
          }
        },
      ),
    );
  });
});

/** Clients that lost their server at 0, which is back after `downMs` and admits so many a second. Virtual time in a heap of seconds. */
function simulateStorm(
  clients: number,
  downMs: number,
  admittedPerSecond: number,
): { peak: number; lastBackMs: number } {
  const random = createSeededRandom(7);
  const next = (): number => random.below(2 ** 32) / 2 ** 32;
  const options = { ...defaults };
  const seconds: [number, ReturnMemory][][] = [];
  const later = (atMs: number, memory: ReturnMemory): void => {
    (seconds[Math.floor(atMs / 1000)] ??= []).push([atMs, memory]);
  };
  for (let client = 0; client < clients; client++) {
    const first = planReturn(freshMemory, { end: endWith(1006), openMs: 60_000, canLogin: false }, options, next);
    later(first.retryInMs ?? 0, first.memory);
  }
  let peak = 0;
  let lastBackMs = 0;
  for (let second = 0; second < seconds.length; second++) {
    let attempts = 0;
    let admitted = 0;
    const due = seconds[second] ?? [];
    // it grows while it is worked on: who fails at once may come again within the second
    for (let index = 0; index < due.length; index++) {
      const [atMs, memory] = due[index] ?? [0, freshMemory];
      if (atMs >= downMs) attempts++;
      if (atMs >= downMs && admitted < admittedPerSecond) {
        admitted++;
        lastBackMs = Math.max(lastBackMs, atMs);
        continue;
      }
      const plan = planReturn(memory, { end: endWith(1006), openMs: 0, canLogin: false }, options, next);
      later(atMs + (plan.retryInMs ?? 0), plan.memory);
    }
    peak = Math.max(peak, attempts);
  }
  return { peak, lastBackMs };
}

describe("a storm", () => {
  it.each([
    [1000, 20_000, 100],
    [10_000, 60_000, 500],
    [20_000, 60_000, 1000],
  ])(
    "REL-F14 %i clients, down for %i ms, %i admitted a second: never twice as many attempts",
    (clients, downMs, admitted) => {
      const { peak, lastBackMs } = simulateStorm(clients, downMs, admitted);
      expect(peak).toBeLessThanOrEqual(2 * admitted);
      expect(lastBackMs - downMs).toBeLessThanOrEqual(60_000);
    },
  );
});
