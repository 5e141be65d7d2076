import { type Command, Option } from "commander";
import { logLevels } from "../log-levels.js";
import { collect, wholeNumber } from "../option-values.js";
import type { ServeOptions } from "./serve-options.js";

/** Adds `hawser serve`. */
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
  /healthz  state of the server, as JSON

Ctrl-C, SIGTERM or the line "exit" closes every connection with 1001 and ends;
a second signal ends at once. Logs go to standard error.`,
    )
    .option("--host <address>", "address to listen on; 0.0.0.0 for all of this machine", "127.0.0.1")
    .option("--port <n>", "port to listen on; 0 for any free one", wholeNumber(0, 65_535), 8080)
    .option("--time-interval-ms <n>", "how often /time tells the time", wholeNumber(1), 15_000)
    .addOption(new Option("--log-level <level>", "how much is logged").choices(logLevels).default("info"))
    .addOption(new Option("--tls <kind>", "serve https and wss with a certificate made now").choices(["self-signed"]))
    .option("--tls-cert <file>", "serve https and wss with this certificate (PEM)")
    .option("--tls-key <file>", "its private key (PEM), encrypted or not")
    .option("--tls-pfx <file>", "the same from one PKCS #12 file (.pfx, .p12)")
    .option("--tls-passphrase-file <file>", "what --tls-key or --tls-pfx is encrypted with, in a file")
    .option(
      "--tls-passphrase <text>",
      "the same here, for everyone on this machine to see in the list of processes; better in a file, or in the environment as HAWSER_TLS_PASSPHRASE",
    )
    .option("--tls-client-ca <file>", "let in only clients with a certificate of these authorities (PEM)")
    .option("--max-message-bytes <n>", "the longest message accepted (default: 1048576)", wholeNumber(1))
    .option("--origin <origin>", 'let pages of this origin connect, "*" for all; may be repeated', collect)
    .option("--allowed-host <name>", "answer under this name too; may be repeated", collect)
    .addHelpText(
      "after",
      `
Examples:
  hawser serve
  hawser serve --port 0 --time-interval-ms 1000
  hawser serve --tls self-signed
  hawser serve --host 0.0.0.0 --origin https://app.example.com`,
    )
    .action(async (options: ServeOptions) => {
      const { serve } = await import("./serve.js");
      await serve(options);
    });
}
