import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

/** What one of the clients has seen. */
interface BusyClient {
  readonly number: number;
  readonly sent: number;
  readonly received: number;
  readonly code: number;
  /** Failures, and messages that came out of order or not at all. */
  readonly faults: readonly string[];
}

export interface BusyClientsOptions {
  readonly count: number;
  /** Messages of a client on their way. */
  readonly inFlight: number;
  /** From a message's coming back to the next one. */
  readonly pauseMs: number;
}

export interface BusyClients {
  /** All are open, and each has had a message. */
  readonly open: Promise<void>;
  /** All are over. */
  readonly over: Promise<readonly BusyClient[]>;
}

/** Starts busy clients in a process of their own; "#" in the URL stands for the client's number. */
export function startBusyClients(url: string, { count, inFlight, pauseMs }: BusyClientsOptions): BusyClients {
  const args = [url, String(count), String(inFlight), String(pauseMs)];
  const child = spawn(process.execPath, [join(import.meta.dirname, "busy-clients.mjs"), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const open = lines.next().then(({ value }) => {
    if (value !== "open") throw new Error(`the clients did not all open: ${String(value)}`);
  });
  // nobody may be waiting yet, or any more
  open.catch(() => {});
  const over = open.then(async () => JSON.parse(String((await lines.next()).value)) as readonly BusyClient[]); // as the script prints it
  over.catch(() => {});
  return { open, over };
}
