import { HawserError } from "hawser/socket";
import { exitCodes } from "../exit-codes.js";
import { toOneLine } from "../plain-text.js";
import { createUsageError, ProgramError } from "../program-error.js";

const MAX_BODY_CHARACTERS = 200;

/** A failed attempt to connect, in words that name the options, with its exit code; any other error as it is. */
export function createConnectFault(cause: unknown, caFile: string | undefined): unknown {
  if (!(cause instanceof HawserError)) return cause;
  const { facts, message } = cause;
  if (cause.code === "INVALID_ARGUMENT") return createUsageError(message, cause);
  if (cause.code === "TLS_INVALID") return new ProgramError(`--ca ${caFile} cannot be used: ${message}`, { cause });
  if (cause.code === "CONNECT_FAILED") {
    const hint = certificateHints[String(facts["reason"])];
    const text = hint === undefined ? message : `no connection to ${facts["url"]} could be made: ${hint}`;
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

const trust = "give the certificate of its authority with --ca FILE";

const certificateHints: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed: give that certificate with --ca FILE",
  SELF_SIGNED_CERT_IN_CHAIN: `its certificate is not trusted: ${trust}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `its certificate is not trusted: ${trust}`,
  UNABLE_TO_GET_ISSUER_CERT: `its certificate is not trusted: ${trust}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `its certificate is not trusted: ${trust}`,
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for other names: connect by one of those",
};
