import { HawserError } from "hawser/socket";
import { exitCodes } from "../exit-codes.js";
import { toOneLine } from "../plain-text.js";
import { createUsageError, ProgramError } from "../program-error.js";
import type { TlsChoice } from "./tls-settings.js";

const MAX_BODY_CHARACTERS = 200;

/** A failed attempt to connect, in words that name the options, with its exit code; any other error as it is. */
export function createConnectFault(cause: unknown, options: TlsChoice): unknown {
  if (!(cause instanceof HawserError)) return cause;
  const { facts, message } = cause;
  if (cause.code === "INVALID_ARGUMENT") {
    const isPin = facts["name"] === "pin";
    return createUsageError(isPin ? `--pin cannot be used: ${message}` : message, cause);
  }
  if (cause.code === "TLS_INVALID") return createFileFault(cause, options);
  if (cause.code === "CONNECT_FAILED") {
    const hint = describeCertificate(String(facts["reason"]), facts["fingerprint256"]);
    const text = hint === undefined ? toOptions(message) : `no connection to ${facts["url"]} could be made: ${hint}`;
    return new ProgramError(text, { exitCode: exitCodes.connectFailed, cause });
  }
  if (cause.code === "HANDSHAKE_TIMEOUT") {
    const text = `${facts["url"]} did not answer in ${facts["timeoutMs"]} ms; use --handshake-timeout-ms if it is that slow`;
    return new ProgramError(text, { exitCode: exitCodes.connectFailed, cause });
  }
  if (cause.code === "HANDSHAKE_REFUSED") {
    const body = toOneLine(String(facts["body"] ?? ""), MAX_BODY_CHARACTERS);
    const text = body === "" ? message : `${message}; it says: ${body}`;
    return new ProgramError(text, { exitCode: exitCodes.handshakeRefused, cause });
  }
  const exitCode = cause.code === "HANDSHAKE_INVALID" ? exitCodes.handshakeRefused : exitCodes.connectionLost;
  return new ProgramError(message, { exitCode, cause });
}

/** A file that cannot be used, by the option that gave it. */
function createFileFault(cause: HawserError, { ca, cert, key, pfx }: TlsChoice): ProgramError {
  const { file } = cause.facts;
  const given = new Map<unknown, string>([
    ["ca", `--ca ${ca}`],
    ["cert", `--cert ${cert}`],
    ["tls", `--cert ${cert}`],
  ]);
  const option = given.get(file) ?? (pfx === undefined ? `--key ${key}` : `--pfx ${pfx}`);
  const isOpenable = file === "passphrase" || cause.message.includes("give its passphrase");
  const hint = isOpenable
    ? "; the passphrase comes from --passphrase-file FILE, HAWSER_TLS_PASSPHRASE or --passphrase"
    : "";
  return new ProgramError(`${option} cannot be used: ${cause.message}${hint}`, { cause });
}

/** What is wrong with the server's certificate, and how to accept it nevertheless; undefined when it is something else. */
function describeCertificate(reason: string, fingerprint: unknown): string | undefined {
  const words = certificateWords[reason];
  if (words === undefined) return undefined;
  const pin = typeof fingerprint === "string" ? `. If you know that it is the right one: --pin ${fingerprint}` : "";
  return `its certificate ${words}${pin}`;
}

const unknownAuthority =
  "is from an authority that is not known here: give that authority's certificate with --ca FILE";

const certificateWords: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "is self-signed: give that certificate with --ca FILE",
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_HAS_EXPIRED: "has expired: the server needs a new one",
  CERT_NOT_YET_VALID: "is not valid yet: is the clock right?",
  ERR_TLS_CERT_ALTNAME_INVALID: "is for another host: connect by a name that it is for",
  CERTIFICATE_NOT_PINNED: "is not the one of --pin: the server has a new one, or somebody is in between",
};

/** The library's advice, by the options of this program. */
function toOptions(message: string): string {
  return message
    .replace("`cert` and `key`, or `pfx`", "--cert FILE and --key FILE, or --pfx FILE")
    .replace("`cert` or `pfx`", "--cert or --pfx");
}
