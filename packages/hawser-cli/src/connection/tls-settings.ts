import type { ConnectOptions, TlsFiles } from "hawser/socket";
import { readPassphrase } from "../passphrase.js";
import { createUsageError } from "../program-error.js";
import { readBinaryFile, readTextFile } from "../text-file.js";
import type { ConnectionChoice } from "./connection-options.js";

/** The options that are about TLS. */
export type TlsChoice = Pick<
  ConnectionChoice,
  "ca" | "pin" | "insecure" | "cert" | "key" | "pfx" | "passphrase" | "passphraseFile"
>;

type TlsSettings = TlsFiles & Pick<ConnectOptions, "pin" | "rejectUnauthorized">;

/**
 * Whom to trust, and what to show, as the library takes it.
 * @throws ProgramError for options that do not fit together, and for files that cannot be read
 */
export function readTlsSettings(url: string, choice: TlsChoice): TlsSettings {
  checkChoice(url, choice);
  const { ca, pin, insecure, cert, key, pfx } = choice;
  const passphrase = readPassphrase("passphrase", { text: choice.passphrase, file: choice.passphraseFile });
  const hasSecret = passphrase !== undefined && (key !== undefined || pfx !== undefined);
  return {
    ...(ca === undefined ? {} : { ca: readTextFile("--ca", ca) }),
    ...(pin === undefined ? {} : { pin }),
    ...(insecure ? { rejectUnauthorized: false } : {}),
    ...(cert === undefined ? {} : { cert: readTextFile("--cert", cert) }),
    ...(key === undefined ? {} : { key: readTextFile("--key", key) }),
    ...(pfx === undefined ? {} : { pfx: readBinaryFile("--pfx", pfx) }),
    ...(hasSecret ? { passphrase } : {}),
  };
}

function checkChoice(url: string, choice: TlsChoice): void {
  const { ca, pin, insecure, cert, key, pfx, passphrase, passphraseFile } = choice;
  const given = new Map<string, unknown>([
    ["--ca", ca],
    ["--pin", pin],
    ["--insecure", insecure],
    ["--cert", cert],
    ["--key", key],
    ["--pfx", pfx],
  ]);
  const first = [...given].find(([, value]) => value !== undefined)?.[0];
  if (first !== undefined && /^(ws|http):/i.test(url)) throw createUsageError(`${first} needs TLS: use wss://`);
  // whoever asks for less and for more gets neither, but an answer
  const strict = pin !== undefined ? "--pin" : ca !== undefined ? "--ca" : undefined;
  if (insecure && strict !== undefined) {
    throw createUsageError(`--insecure and ${strict} exclude each other: --insecure trusts everybody; leave one out`);
  }
  if (pfx !== undefined && (cert !== undefined || key !== undefined)) {
    throw createUsageError("--pfx holds certificate and key: leave --cert and --key out");
  }
  if (cert === undefined && key !== undefined) throw createUsageError("--key needs its certificate: add --cert FILE");
  if (cert !== undefined && key === undefined) throw createUsageError("--cert needs its private key: add --key FILE");
  if ((passphrase ?? passphraseFile) === undefined || key !== undefined || pfx !== undefined) return;
  throw createUsageError("a passphrase needs what it opens: add --pfx FILE, or --cert and --key");
}
