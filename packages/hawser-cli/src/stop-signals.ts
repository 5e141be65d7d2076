import { signalExitCode } from "./exit-codes.js";

export type StopSignal = "SIGINT" | "SIGTERM";

/** What this needs of the process; tests bring their own. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
}

export interface StopSignalOptions {
  /** Called once, for the first signal. */
  readonly onStop: (signal: StopSignal) => void;
  /** Ends the program at once. */
  readonly onForce: (exitCode: number) => void;
  readonly source?: SignalSource;
  readonly now?: () => number;
}

/**
 * One Ctrl-C can arrive several times: the terminal sends it to the whole process group, and npm and others pass theirs
 * on. The same signal within this time of the last one is the same wish.
 */
const SAME_WISH_MS = 500;

/** Listens to SIGINT and SIGTERM: the first one stops, a later one ends at once. Returns the function that stops listening. */
export function watchStopSignals(options: StopSignalOptions): () => void {
  const { onStop, onForce, source = process, now = () => performance.now() } = options;
  const lastAt = new Map<StopSignal, number>();

  const listener = (signal: StopSignal): void => {
    const isFirst = lastAt.size === 0;
    const sinceLastMs = now() - (lastAt.get(signal) ?? -Infinity);
    lastAt.set(signal, now());
    if (isFirst) onStop(signal);
    else if (sinceLastMs > SAME_WISH_MS) onForce(signalExitCode(signal));
  };
  source.on("SIGINT", listener);
  source.on("SIGTERM", listener);
  return () => {
    source.off("SIGINT", listener);
    source.off("SIGTERM", listener);
  };
}
