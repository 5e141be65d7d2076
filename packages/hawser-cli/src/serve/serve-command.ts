import { type Command, Option } from "commander";
import { logLevels } from "../log-levels.js";
import { collect, MIN_MEMORY_BYTES, notEmpty, wholeNumber, wholeNumberOrOff } from "../option-values.js";
import { createUsageError } from "../program-error.js";
import { serveDefaults, type ServeFlags } from "./serve-options.js";

/** Adds `hawser serve`. Defaults are not commander's: a file may say otherwise, and the command line has the last word. */
export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .summary("serve WebSockets: echo, time, chat, and a page to try them")
    .description(
      `Serves WebSockets until it is stopped, and prints where it listens.

  /         echo; a browser gets a page that talks to it
  /echo     echo of text and binary
  /time     echo, and the server's time to everyone at each interval
  /chat     what one says goes to everyone; a line typed here too
  /gateway  with --demo: requests, login, and channels with prices that move
  /healthz  state of the server, as JSON; /readyz: 200, or 503 while it closes

Ctrl-C, SIGTERM or the line "exit" closes every connection with 1001 and ends;
a second signal ends at once. SIGHUP reads --config and the certificate again.
Logs go to standard error.`,
    )
    .configureHelp({ optionDescription: ({ description }) => description })
    .option("--host <address>", told("0.0.0.0 for all addresses", "host"), notEmpty)
    .option("--port <n>", told("0 for any free one", "port"), wholeNumber(0, 65_535))
    .option("--socket <path>", "listen on a Unix socket instead", notEmpty)
    .option("--root <folder>", "serve the files of a folder, too", notEmpty)
    .option("--demo", "a gateway to try at /gateway: user and password demo")
    .option("--config <file>", "options as JSON; those given here win", notEmpty)
    .option("--time-interval-ms <n>", told("how often /time tells it", "timeIntervalMs"), wholeNumber(1))
    .addOption(new Option("--log-level <level>", "debug, info (default), warn, error, silent").choices(logLevels))
    .option("--drain-delay-ms <n>", told("/readyz is 503 before the end", "drainDelayMs"), wholeNumber(0))
    .addOption(new Option("--tls <kind>", "self-signed: a certificate made now").choices(["self-signed"]))
    .option("--tls-cert <file>", "https and wss with this certificate (PEM)", notEmpty)
    .option("--tls-key <file>", "its private key (PEM), encrypted or not", notEmpty)
    .option("--tls-pfx <file>", "both in one file (.pfx, .p12)", notEmpty)
    .option("--tls-passphrase-file <file>", "what opens them; else HAWSER_TLS_PASSPHRASE", notEmpty)
    .option("--tls-passphrase <text>", "the same, for every process here to see")
    .option("--tls-client-ca <file>", "only clients with certificates of these (PEM)", notEmpty)
    .option("--origin <origin>", 'let its pages connect; "*": all; repeatable', collect)
    .option("--allowed-host <name>", "answer under this name too; repeatable", collect)
    .option("--trusted-proxy <network>", "believe what it says of clients; repeatable", collect)
    .option("--exempt <network>", "no limits per IP, as on loopback; repeatable", collect)
    .option("--deflate", "compress messages for clients that ask for it")
    .option("--max-message-bytes <n>", "longest message (default: 1048576)", wholeNumber(1))
    .option("--max-connections <n>", "at a time (default: by descriptors)", wholeNumber(1))
    .option("--max-connections-per-ip <n>", told("of one address, or off", "maxConnectionsPerIp"), wholeNumberOrOff(1))
    .option("--max-openings-per-second <n>", told("of all, or off", "maxOpeningsPerSecond"), wholeNumberOrOff(1))
    .option("--rate-limit <n>", told("messages/s a connection, or off", "rateLimit"), wholeNumberOrOff(1))
    .option(
      "--max-memory-bytes <n>",
      "of all connections (default: 60% of memory)",
      wholeNumber(MIN_MEMORY_BYTES, MAX_MEMORY),
    )
    .addHelpText(
      "after",
      `
Examples:
  hawser serve --port 0 --time-interval-ms 1000
  hawser serve --demo --tls self-signed
  hawser serve --host 0.0.0.0 --origin https://app.example.com`,
    )
    .action(async (flags: ServeFlags) => {
      checkPlace(flags);
      const { serve } = await import("./serve.js");
      await serve(flags);
    });
}

/** One of them would be ignored. @throws ProgramError */
function checkPlace({ socket, host, port }: ServeFlags): void {
  const other = host === undefined ? "--port" : "--host";
  if (socket !== undefined && (host ?? port) !== undefined) {
    throw createUsageError(`--socket and ${other} exclude each other: leave one out`);
  }
}

const MAX_MEMORY = Number.MAX_SAFE_INTEGER;

function told(description: string, name: keyof typeof serveDefaults): string {
  return `${description} (default: ${serveDefaults[name]})`;
}
