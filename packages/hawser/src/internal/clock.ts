/** Time as an argument: real in programs, virtual in tests. Milliseconds, monotonic; never the wall clock. */
export interface Clock {
  now(): number;
  /** Calls `callback` once, not before `delayMs` have passed. Must not keep a process alive by itself. */
  schedule(callback: () => void, delayMs: number): ScheduledCall;
}

export interface ScheduledCall {
  cancel(): void;
}
