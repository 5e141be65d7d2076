import { expect, it } from "vitest";
import { type SignalSource, type StopSignal, watchStopSignals } from "./stop-signals.js";

interface Watched {
  /** What was called, in order. */
  readonly calls: (StopSignal | number)[];
  readonly send: (signal: StopSignal, atMs: number) => void;
  readonly unwatch: () => void;
}

function watch(): Watched {
  const listeners = new Map<StopSignal, (signal: StopSignal) => void>();
  const source: SignalSource = {
    on: (signal, listener) => listeners.set(signal, listener),
    off: (signal) => listeners.delete(signal),
  };
  const calls: (StopSignal | number)[] = [];
  let nowMs = 0;
  const unwatch = watchStopSignals({
    onStop: (signal) => calls.push(signal),
    onForce: (exitCode) => calls.push(exitCode),
    source,
    now: () => nowMs,
  });
  return {
    calls,
    send(signal, atMs) {
      nowMs = atMs;
      listeners.get(signal)?.(signal);
    },
    unwatch,
  };
}

it("stops on the first signal and ends at once on the second", () => {
  const { calls, send } = watch();
  send("SIGINT", 0);
  send("SIGINT", 501);
  expect(calls).toEqual(["SIGINT", 130]);
});

it("takes the same signal within half a second for one wish", () => {
  const { calls, send } = watch();
  send("SIGTERM", 0);
  send("SIGTERM", 300);
  send("SIGTERM", 700);
  expect(calls).toEqual(["SIGTERM"]);
});

it("takes another signal for a second one at any time", () => {
  const { calls, send } = watch();
  send("SIGINT", 0);
  send("SIGTERM", 1);
  expect(calls).toEqual(["SIGINT", 143]);
});

it("listens no more when told so", () => {
  const { calls, send, unwatch } = watch();
  unwatch();
  send("SIGINT", 0);
  expect(calls).toEqual([]);
});
