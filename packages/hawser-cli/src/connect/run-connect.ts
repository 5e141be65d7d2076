import { connect, type CloseReport, type ConnectOptions, describeClose, type Socket } from "hawser/socket";
import { exitCodes, signalExitCode } from "../exit-codes.js";
import type { LogLevel } from "../log-levels.js";
import { redactUrl, stripControls } from "../plain-text.js";
import { watchStopSignals } from "../stop-signals.js";
import type { ConnectCommandOptions } from "./connect-command-options.js";
import { createConnectFault } from "./connect-fault.js";
import { Conversation, type Tell } from "./conversation.js";
import { checkServerUrl } from "./server-url.js";
import { Terminal } from "./terminal.js";
import { readTlsSettings } from "./tls-settings.js";

/** Talks to a server until one side closes. Resolves to the exit code. @throws ProgramError when no connection was made */
export async function runConnect(text: string, options: ConnectCommandOptions): Promise<number> {
  const url = checkServerUrl(text);
  const settings = { ...toConnectOptions(options), ...readTlsSettings(url, options) };
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
    const socket = await connect(url, { ...settings, signal: attempt.signal });
    tell("info", describeOpen(socket));
    conversation = new Conversation(socket, terminal, { lingerMs: options.lingerMs, raw: options.raw ?? false, tell });
    const report = await conversation.run();
    tell("info", describeClose(report, "server"));
    return forcedExitCode ?? chooseExitCode(report);
  } catch (error) {
    if (forcedExitCode !== null) return forcedExitCode;
    throw createConnectFault(error, options);
  } finally {
    unwatch();
    terminal.close();
  }
}

const insecureWarning = "warning: --insecure accepts any certificate: anyone on the way can read and change everything";

/** 0 for an end that both sides can be content with. */
function chooseExitCode({ clean, initiator, code }: CloseReport): number {
  if (!clean) return exitCodes.connectionLost;
  if (initiator === "local" || contentCodes.has(code)) return exitCodes.ok;
  return exitCodes.closedWithError;
}

const contentCodes: ReadonlySet<number> = new Set([1000, 1001, 1005]);

function toConnectOptions(options: ConnectCommandOptions): ConnectOptions {
  const { subprotocol, header, origin, heartbeatMs, textHeartbeat, maxMessageBytes } = options;
  const heartbeat = {
    ...(heartbeatMs === undefined ? {} : { intervalMs: heartbeatMs }),
    ...(textHeartbeat ? { mode: "text" as const } : {}),
  };
  return {
    handshakeTimeoutMs: options.handshakeTimeoutMs,
    heartbeat,
    perMessageDeflate: options.deflate ?? false,
    ...(subprotocol === undefined ? {} : { protocols: subprotocol }),
    ...(header === undefined ? {} : { headers: header }),
    ...(origin === undefined ? {} : { origin }),
    ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
  };
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
