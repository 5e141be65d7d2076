import { type Client, createClient } from "hawser/client";
import { DialConnector } from "../connection/dial-connector.js";
import { Dialer, insecureWarning } from "../connection/dial.js";
import { signalExitCode } from "../exit-codes.js";
import type { LogLevel } from "../log-levels.js";
import { stripControls } from "../plain-text.js";
import { watchStopSignals } from "../stop-signals.js";
import { createGatewayFault } from "./gateway-fault.js";
import type { GatewayChoice } from "./gateway-options.js";
import { readLogin } from "./login-choice.js";

export interface GatewaySessionOptions {
  /** Whether it comes back after it was open once. @default false */
  readonly reconnect?: boolean;
  /** The next message is read when this has settled. */
  readonly pace?: () => Promise<void>;
}

/** Tells something on standard error, if the user wants to hear so much. */
export type Tell = (level: "info" | "warn", text: string) => void;

export interface GatewaySession {
  readonly client: Client;
  readonly tell: Tell;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/**
 * Connects to a gateway, logs in where that is asked for, does `work`, and says goodbye. A first attempt that fails is the end:
 * an address that is wrong stays wrong. Resolves to the exit code that `work` answers.
 * @throws ProgramError
 */
export async function withGateway(
  url: string,
  choice: GatewayChoice,
  options: GatewaySessionOptions,
  work: (session: GatewaySession) => Promise<number>,
): Promise<number> {
  const dialer = new Dialer(url, choice);
  const login = readLogin(choice);
  const tell = createTeller(choice.logLevel);
  if (choice.insecure) tell("warn", insecureWarning);
  const connector = new DialConnector(dialer, options.pace === undefined ? {} : { pace: options.pace });
  const client = createClient(dialer.url, {
    connector,
    reconnect: options.reconnect === true ? {} : false,
    // the connector's own limit counts
    connectTimeoutMs: Infinity,
    loginTimeoutMs: choice.timeoutMs,
    requestTimeoutMs: choice.timeoutMs,
    ...(login === undefined ? {} : { login }),
  });
  const stop = new AbortController();
  let isOpened = false;
  const unwatch = watchStopSignals({
    onStop(signal) {
      // nothing has begun: a proxy that does not answer need not be waited for
      if (!isOpened) process.exit(signalExitCode(signal));
      stop.abort(signal);
    },
    onForce: (exitCode) => process.exit(exitCode),
  });
  client.on("open", () => (isOpened = true));
  client.on("close", () => {
    if (!isOpened) void client.disconnect();
  });
  try {
    await client.connect();
    return await work({ client, tell, signal: stop.signal });
  } catch (error) {
    throw createGatewayFault(error, client, connector.socket?.protocol);
  } finally {
    unwatch();
    await client.disconnect();
  }
}

function createTeller(logLevel: LogLevel): Tell {
  const told = new Set<string>(
    logLevel === "debug" || logLevel === "info" ? ["info", "warn"] : logLevel === "warn" ? ["warn"] : [],
  );
  return (level, text) => {
    if (told.has(level)) process.stderr.write(`${stripControls(text)}\n`);
  };
}
