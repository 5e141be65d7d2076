import { type Command, Option } from "commander";
import { logLevels } from "../log-levels.js";
import type { ConnectCommandOptions } from "./connect-command-options.js";
import { collect, collectHeader, wholeNumber } from "../option-values.js";

/** Adds `hawser connect`. */
export function addConnectCommand(program: Command): void {
  program
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
    .option("--subprotocol <name>", "offer this sub-protocol; may be repeated", collect)
    .option("--header <header>", 'send this header, "Name: value"; may be repeated', collectHeader)
    .option("--origin <origin>", "send this Origin, as a browser would")
    .option("--ca <file>", "trust the authorities, or the self-signed certificate, in this file (PEM)")
    .option("--pin <sha256>", "trust just the certificate with this fingerprint; may be repeated", collect)
    .option("--insecure", "accept any certificate: anyone on the way can read and change everything")
    .option("--cert <file>", "show this certificate to the server (PEM)")
    .option("--key <file>", "its private key (PEM), encrypted or not")
    .option("--pfx <file>", "the same from one PKCS #12 file (.pfx, .p12)")
    .option("--passphrase-file <file>", "what --key or --pfx is encrypted with, in a file")
    .option(
      "--passphrase <text>",
      "the same here, for everyone on this machine to see in the list of processes; better in a file, or in the environment as HAWSER_TLS_PASSPHRASE",
    )
    .option("--heartbeat-ms <n>", "ping after this long without a sign of life (default: 25000)", wholeNumber(1))
    .option("--text-heartbeat", 'ping with the text "Ping", and answer it with "Pong"')
    .option("--handshake-timeout-ms <n>", "how long connecting may take", wholeNumber(1), 10_000)
    .option("--deflate", "offer to compress messages")
    .option("--max-message-bytes <n>", "the longest message accepted (default: 1048576)", wholeNumber(1))
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
  hawser connect --pin "$(hawser cert --fingerprint)" wss://localhost:8080/`,
    )
    .action(async (url: string, options: ConnectCommandOptions) => {
      const { runConnect } = await import("./run-connect.js");
      process.exitCode = await runConnect(url, options);
    });
}
