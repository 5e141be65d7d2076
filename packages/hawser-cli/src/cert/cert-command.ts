import type { Command } from "commander";
import { collect, wholeNumber } from "../option-values.js";

export interface CertOptions {
  readonly out: string;
  readonly name?: readonly string[];
  readonly days: number;
  readonly fingerprint?: boolean;
  readonly force?: boolean;
}

/** Adds `hawser cert`. */
export function addCertCommand(program: Command): void {
  program
    .command("cert")
    .summary("make a certificate for development")
    .description(
      `Makes a self-signed certificate for localhost, 127.0.0.1 and ::1: cert.pem,
and its private key key.pem, which only this user may read. For development:
nobody else trusts it.`,
    )
    .option("--out <dir>", "the folder for the two files", ".")
    .option("--name <host>", "a further name or address it is for; may be repeated", collect)
    .option("--days <n>", "how long it is valid", wholeNumber(1, 3650), 365)
    .option("--force", "replace the files that are there")
    .option("--fingerprint", "make nothing; print the SHA-256 fingerprint of the cert.pem that is there")
    .addHelpText(
      "after",
      `
Examples:
  hawser cert --out certs --name dev.example.com
  hawser serve --tls-cert certs/cert.pem --tls-key certs/key.pem
  hawser connect --ca certs/cert.pem wss://localhost:8080/echo
  hawser cert --out certs --fingerprint`,
    )
    .action(async (options: CertOptions) => {
      const { cert } = await import("./cert.js");
      await cert(options);
    });
}
