import { type Command, Option } from "commander";
import { logLevels } from "../log-levels.js";
import type { ConnectCommandOptions } from "./connect-command-options.js";
import { addConnectionOptions } from "../connection/connection-options.js";
import { collect, wholeNumber } from "../option-values.js";

/** Adds `hawser connect`. */
export function addConnectCommand(program: Command): void {
  const command = program
    .command("connect")
    .summary("talk to a WebSocket server by hand")
    .description(
      `Connects to a WebSocket server. A line typed is a text message sent; what
arrives is printed. The line "exit", or Ctrl-C, closes with 1000.

At a terminal, lines that begin with "/" are for this program: /help lists them.
Input from a file or a pipe is sent line by line; after its end the connection
is closed with 1000 as soon as nothing has arrived for --linger-ms.

Messages go to standard output, everything else to standard error.`,
    )
    .argument("<url>", "ws:// or wss://; http:// and https:// mean the same")
    .option("--subprotocol <name>", "offer this sub-protocol; may be repeated", collect);
  addConnectionOptions(command)
    .option("--heartbeat-ms <n>", "ping after this long without a sign of life (default: 25000)", wholeNumber(1))
    .option("--text-heartbeat", 'ping with the text "Ping", and answer it with "Pong"')
    .option("--reconnect", "come back when the connection is lost or cannot be made, after a delay that grows")
    .option("--reconnect-delay-ms <n>", "the same, always after this long", wholeNumber(1))
    .option("--linger-ms <n>", "after the end of piped input, wait for this long a silence", wholeNumber(0), 1000)
    .option("--raw", "print messages as they are: they may steer your terminal")
    .addOption(new Option("--log-level <level>", "what is told on standard error").choices(logLevels).default("info"))
    .addHelpText(
      "after",
      `
Examples:
  hawser connect ws://127.0.0.1:8080/chat
  echo hello | hawser connect ws://127.0.0.1:8080/echo
  hawser connect --ca cert.pem --header "Authorization: Bearer abc" wss://localhost:8080/
  hawser connect --reconnect --proxy http://127.0.0.1:3128 ws://example.com/feed
  hawser connect --pin "$(hawser cert --fingerprint)" wss://localhost:8080/`,
    )
    .action(async (url: string, options: ConnectCommandOptions) => {
      const { runConnect } = await import("./run-connect.js");
      process.exitCode = await runConnect(url, options);
    });
}
