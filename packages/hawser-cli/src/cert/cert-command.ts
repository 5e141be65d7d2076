import type { Command } from "commander";
import type { CertOptions } from "./cert-options.js";
import { collect, wholeNumber } from "../option-values.js";

/** Adds `hawser cert`. */
export function addCertCommand(program: Command): void {
  program
    .command("cert")
    .summary("make a certificate for development")
    .description(
      `Makes a self-signed certificate for localhost, 127.0.0.1 and ::1: cert.pem,
and its private key key.pem, which only this user may read; with --pfx also
cert.pfx, which holds both. For development: nobody else trusts it.`,
    )
    .option("--out <dir>", "the folder for the files", ".")
    .option("--name <host>", "a further name or address it is for; may be repeated", collect)
    .option("--days <n>", "how long it is valid", wholeNumber(1, 3650), 365)
    .option("--pfx", "make cert.pfx as well: both in one PKCS #12 file, as .NET and Windows want them")
    .option("--passphrase-file <file>", "what cert.pfx is encrypted with, in a file (default: nothing)")
    .option(
      "--passphrase <text>",
      "the same here, for everyone on this machine to see in the list of processes; better in a file, or in the environment as HAWSER_TLS_PASSPHRASE",
    )
    .option("--force", "replace the files that are there")
    .option(
      "--fingerprint",
      "make nothing; print the SHA-256 fingerprint of the cert.pem that is there, or with --pfx of the cert.pfx",
    )
    .addHelpText(
      "after",
      `
Examples:
  hawser cert --out certs --name dev.example.com
  hawser serve --tls-cert certs/cert.pem --tls-key certs/key.pem
  hawser connect --ca certs/cert.pem wss://localhost:8080/echo
  hawser cert --out certs --fingerprint
  hawser cert --out certs --pfx --passphrase-file secret.txt --force
  hawser serve --tls-pfx certs/cert.pfx --tls-passphrase-file secret.txt`,
    )
    .action(async (options: CertOptions) => {
      const { cert } = await import("./cert.js");
      await cert(options);
    });
}
