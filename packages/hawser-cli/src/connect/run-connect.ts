import { describeClose, type Socket } from "hawser/socket";
import { signalExitCode } from "../exit-codes.js";
import { chooseCloseExitCode } from "../connection/close-exit-code.js";
import { Dialer, type DialSettings, insecureWarning } from "../connection/dial.js";
import type { LogLevel } from "../log-levels.js";
import { redactUrl, stripControls } from "../plain-text.js";
import { watchStopSignals } from "../stop-signals.js";
import type { ConnectCommandOptions } from "./connect-command-options.js";
import { Conversation, type Tell } from "./conversation.js";
import { Terminal } from "./terminal.js";

/** Talks to a server until one side closes. Resolves to the exit code. @throws ProgramError when no connection was made */
export async function runConnect(url: string, options: ConnectCommandOptions): Promise<number> {
  const dialer = new Dialer(url, options);
  const terminal = new Terminal();
  const tell = createTeller(terminal, options.logLevel);
  if (options.insecure) tell("warn", insecureWarning);

  const attempt = new AbortController();
  let conversation: Conversation | null = null;
  let forcedExitCode: number | null = null;
  const unwatch = watchStopSignals({
    onStop(signal) {
      if (conversation !== null) conversation.close();
      else forcedExitCode = signalExitCode(signal);
      attempt.abort();
    },
    onForce(exitCode) {
      forcedExitCode = exitCode;
      conversation?.abort();
    },
  });
  try {
    const socket = await dialer.connect(toDialSettings(options), attempt.signal);
    tell("info", describeOpen(socket));
    conversation = new Conversation(socket, terminal, { lingerMs: options.lingerMs, raw: options.raw ?? false, tell });
    const report = await conversation.run();
    tell("info", describeClose(report, "server"));
    return forcedExitCode ?? chooseCloseExitCode(report);
  } catch (error) {
    // at once: an attempt through a SOCKS proxy cannot be cancelled, and would keep the process until its time is over
    if (forcedExitCode !== null) process.exit(forcedExitCode);
    throw error;
  } finally {
    unwatch();
    terminal.close();
  }
}

function toDialSettings({ subprotocol, heartbeatMs, textHeartbeat }: ConnectCommandOptions): DialSettings {
  const heartbeat = {
    ...(heartbeatMs === undefined ? {} : { intervalMs: heartbeatMs }),
    ...(textHeartbeat ? { mode: "text" as const } : {}),
  };
  return { heartbeat, ...(subprotocol === undefined ? {} : { protocols: subprotocol }) };
}

function describeOpen({ url, protocol, extensions }: Socket): string {
  const named = protocol === "" ? "" : `, sub-protocol ${stripControls(protocol)}`;
  const agreed = extensions === "" ? named : `${named}, compressed`;
  return `connected to ${redactUrl(url)}${agreed}; "exit" or Ctrl-C closes`;
}

function createTeller(terminal: Terminal, logLevel: LogLevel): Tell {
  const told: readonly LogLevel[] =
    logLevel === "debug" || logLevel === "info" ? ["info", "warn"] : logLevel === "warn" ? ["warn"] : [];
  return (level, text) => {
    if (told.includes(level)) terminal.tell(text);
  };
}
