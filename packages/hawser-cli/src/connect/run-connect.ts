import type { Socket } from "hawser/socket";
import { signalExitCode } from "../exit-codes.js";
import { Dialer, type DialSettings, insecureWarning } from "../connection/dial.js";
import type { LogLevel } from "../log-levels.js";
import { redactUrl, stripControls } from "../plain-text.js";
import { watchStopSignals } from "../stop-signals.js";
import { ClientLink } from "./client-link.js";
import type { ConnectCommandOptions } from "./connect-command-options.js";
import { Conversation } from "./conversation.js";
import type { Link, Tell } from "./link.js";
import { SocketLink } from "./socket-link.js";
import { Terminal } from "./terminal.js";

/** Talks to a server until it is over. Resolves to the exit code. @throws ProgramError when no connection was made */
export async function runConnect(url: string, options: ConnectCommandOptions): Promise<number> {
  const dialer = new Dialer(url, options);
  const terminal = new Terminal();
  const tell = createTeller(terminal, options.logLevel);
  if (options.insecure) tell("warn", insecureWarning);
  const { lingerMs, raw = false } = options;
  const converse = (link: Link): Promise<number> => new Conversation(link, terminal, { lingerMs, raw, tell }).run();
  try {
    return await (isReconnecting(options)
      ? connectAgainAndAgain(dialer, options, tell, converse)
      : connectOnce(dialer, options, tell, converse));
  } finally {
    terminal.close();
  }
}

type Converse = (link: Link) => Promise<number>;

async function connectOnce(
  dialer: Dialer,
  options: ConnectCommandOptions,
  tell: Tell,
  converse: Converse,
): Promise<number> {
  const attempt = new AbortController();
  let link: Link | null = null;
  let forcedExitCode: number | null = null;
  const unwatch = watchStopSignals({
    onStop(signal) {
      if (link !== null) link.close();
      else forcedExitCode = signalExitCode(signal);
      attempt.abort();
    },
    onForce(exitCode) {
      forcedExitCode = exitCode;
      link?.abort();
    },
  });
  try {
    const socket = await dialer.connect(toDialSettings(options), attempt.signal);
    tell("info", describeOpen(socket, dialer));
    link = new SocketLink(socket, tell);
    const exitCode = await converse(link);
    return forcedExitCode ?? exitCode;
  } catch (error) {
    // at once: an attempt through a SOCKS proxy cannot be cancelled, and would keep the process until its time is over
    if (forcedExitCode !== null) process.exit(forcedExitCode);
    throw error;
  } finally {
    unwatch();
  }
}

async function connectAgainAndAgain(
  dialer: Dialer,
  options: ConnectCommandOptions,
  tell: Tell,
  converse: Converse,
): Promise<number> {
  const delayMs = options.reconnectDelayMs;
  const link = new ClientLink(dialer, {
    settings: toDialSettings(options),
    reconnect: delayMs === undefined ? {} : { mode: "fixed", initialDelayMs: delayMs },
    tell,
    onOpen: (socket) => tell("info", describeOpen(socket, dialer)),
  });
  const unwatch = watchStopSignals({
    onStop(signal) {
      if (!link.wasOpen) process.exit(signalExitCode(signal));
      link.close();
    },
    onForce: (exitCode) => process.exit(exitCode),
  });
  try {
    return await converse(link);
  } finally {
    unwatch();
  }
}

function isReconnecting({ reconnect, reconnectDelayMs }: ConnectCommandOptions): boolean {
  return reconnect === true || reconnectDelayMs !== undefined;
}

function toDialSettings({ subprotocol, heartbeatMs, textHeartbeat }: ConnectCommandOptions): DialSettings {
  const heartbeat = {
    ...(heartbeatMs === undefined ? {} : { intervalMs: heartbeatMs }),
    ...(textHeartbeat ? { mode: "text" as const } : {}),
  };
  return { heartbeat, ...(subprotocol === undefined ? {} : { protocols: subprotocol }) };
}

function describeOpen({ url, protocol, extensions }: Socket, { proxy }: Dialer): string {
  const named = protocol === "" ? "" : `, sub-protocol ${stripControls(protocol)}`;
  const agreed = extensions === "" ? named : `${named}, compressed`;
  const through = proxy === undefined ? "" : ` through ${proxy.host}`;
  return `connected to ${redactUrl(url)}${through}${agreed}; "exit" or Ctrl-C closes`;
}

function createTeller(terminal: Terminal, logLevel: LogLevel): Tell {
  const told: readonly LogLevel[] =
    logLevel === "debug" || logLevel === "info" ? ["info", "warn"] : logLevel === "warn" ? ["warn"] : [];
  return (level, text) => {
    if (told.includes(level)) terminal.tell(text);
  };
}
