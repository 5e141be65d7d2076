import type { Command } from "commander";
import { collect, collectHeader, notEmpty, wholeNumber } from "../option-values.js";

/** What `connect`, `call`, `subscribe` and `publish` are told of their connection: commander's values, by the options' names. */
export interface ConnectionChoice {
  readonly header?: Readonly<Record<string, string>>;
  readonly origin?: string;
  readonly ca?: string;
  readonly pin?: readonly string[];
  readonly insecure?: boolean;
  readonly cert?: string;
  readonly key?: string;
  readonly pfx?: string;
  readonly passphrase?: string;
  readonly passphraseFile?: string;
  /** false: directly, whatever the environment says. */
  readonly proxy?: string | false;
  readonly handshakeTimeoutMs: number;
  readonly deflate?: boolean;
  readonly maxMessageBytes?: number;
}

/** Adds the options of a connection to a command. */
export function addConnectionOptions(command: Command): Command {
  return addCommonOptions(
    addTrustOptions(command)
      .option("--cert <file>", "show this certificate to the server (PEM)")
      .option("--key <file>", "its private key (PEM), encrypted or not"),
  );
}

/** The same for a command whose `--key` is another one: a certificate of its own comes from a `--pfx` alone. */
export function addConnectionOptionsWithoutKey(command: Command): Command {
  return addCommonOptions(addTrustOptions(command));
}

function addTrustOptions(command: Command): Command {
  return command
    .option("--header <header>", 'send this header, "Name: value"; may be repeated', collectHeader)
    .option("--origin <origin>", "send this Origin, as a browser would")
    .option("--ca <file>", "trust the authorities, or the self-signed certificate, in this file (PEM)")
    .option("--pin <sha256>", "trust just the certificate with this fingerprint; may be repeated", collect)
    .option("--insecure", "accept any certificate: anyone on the way can read and change everything");
}

function addCommonOptions(command: Command): Command {
  return command
    .option("--pfx <file>", "show the server the certificate of this PKCS #12 file (.pfx, .p12)")
    .option("--passphrase-file <file>", "what the private key is encrypted with, in a file")
    .option(
      "--passphrase <text>",
      "the same here, for everyone on this machine to see in the list of processes; better in a file, or in the environment as HAWSER_TLS_PASSPHRASE",
    )
    .option(
      "--proxy <url>",
      "go through this proxy: http://, https:// or socks5h://, with USER:PASSWORD@ where it asks; by default what HTTP_PROXY (ws:), HTTPS_PROXY (wss:), ALL_PROXY and NO_PROXY say",
      notEmpty,
    )
    .option("--no-proxy", "go directly, whatever the environment says")
    .option("--handshake-timeout-ms <n>", "how long connecting may take", wholeNumber(1), 10_000)
    .option("--deflate", "offer to compress messages")
    .option("--max-message-bytes <n>", "the longest message accepted (default: 1048576)", wholeNumber(1));
}
