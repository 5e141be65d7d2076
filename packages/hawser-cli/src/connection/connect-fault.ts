import { type ErrorCode, HawserError } from "hawser/socket";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { redactUrl, toOneLine } from "../plain-text.js";
import { createUsageError, ProgramError, systemCode } from "../program-error.js";
import { describeProxySilence, ProxyError } from "../proxy/proxy-error.js";
import type { Tunnel } from "../proxy/tunnel.js";
import type { TlsChoice } from "./tls-settings.js";

const MAX_BODY_CHARACTERS = 200;

interface Attempt {
  readonly options: TlsChoice;
  readonly tunnel: Tunnel | undefined;
}

/** A failed attempt to connect, in words that name the options, with its exit code; any other error as it is. */
export function createConnectFault(cause: unknown, options: TlsChoice, tunnel?: Tunnel): unknown {
  if (!(cause instanceof HawserError)) return cause;
  const describe = describers[cause.code];
  if (describe === undefined) return createFault(cause.message, exitCodes.connectionLost, cause);
  return describe(cause, { options, tunnel });
}

function createFault(message: string, exitCode: ExitCode, cause: HawserError): ProgramError {
  // a query may hold a token
  const url = String(cause.facts["url"] ?? "");
  return new ProgramError(url === "" ? message : message.replaceAll(url, redactUrl(url)), { exitCode, cause });
}

const describers: Partial<Record<ErrorCode, (cause: HawserError, attempt: Attempt) => ProgramError>> = {
  INVALID_ARGUMENT(cause) {
    const { message, facts } = cause;
    return createUsageError(facts["name"] === "pin" ? `--pin cannot be used: ${message}` : message, cause);
  },
  TLS_INVALID: (cause, { options }) => createFileFault(cause, options),
  CONNECT_FAILED: describeFailure,
  HANDSHAKE_TIMEOUT: describeTimeout,
  HANDSHAKE_REFUSED: describeRefusal,
  HANDSHAKE_INVALID: describeInvalid,
};

function describeTimeout(cause: HawserError, { tunnel }: Attempt): ProgramError {
  const timeoutMs = Number(cause.facts["timeoutMs"]);
  if (tunnel !== undefined && !tunnel.isThrough) {
    return createFault(describeProxySilence(tunnel.address, timeoutMs), exitCodes.proxyUnreachable, cause);
  }
  const advice = "use --handshake-timeout-ms if it is that slow";
  return createFault(
    `${cause.facts["url"]} did not answer in ${timeoutMs} ms; ${advice}`,
    exitCodes.unreachable,
    cause,
  );
}

function describeFailure(cause: HawserError, { tunnel }: Attempt): ProgramError {
  const { facts, message } = cause;
  const inner = cause.cause;
  if (inner instanceof ProxyError) {
    const exitCode = inner.kind === "refused" ? exitCodes.proxyRefused : exitCodes.proxyUnreachable;
    // whoever has forgotten it looks for the fault elsewhere
    const advice =
      tunnel?.address.isFromEnvironment === true ? "; the environment names it, --no-proxy goes without" : "";
    return createFault(`no connection to ${facts["url"]} could be made: ${inner.message}${advice}`, exitCode, cause);
  }
  const reason = String(facts["reason"]);
  const hint = describeCertificate(reason, facts["fingerprint256"]);
  const text = hint === undefined ? toOptions(message) : `no connection to ${facts["url"]} could be made: ${hint}`;
  return createFault(text, chooseExitCode(reason, cause), cause);
}

const exitCodesByReason: ReadonlyMap<string, ExitCode> = new Map<string, ExitCode>([
  ["ENOTFOUND", exitCodes.nameUnknown],
  ["EAI_FAIL", exitCodes.nameUnknown],
  ["EAI_AGAIN", exitCodes.nameUnknown],
  ["ETIMEDOUT", exitCodes.unreachable],
  ["EHOSTUNREACH", exitCodes.unreachable],
  ["ENETUNREACH", exitCodes.unreachable],
  ["EHOSTDOWN", exitCodes.unreachable],
  ["ENETDOWN", exitCodes.unreachable],
  ["EADDRNOTAVAIL", exitCodes.unreachable],
  ["EPROTO", exitCodes.tlsFailed],
]);

function chooseExitCode(reason: string, { message }: HawserError): ExitCode {
  const known = exitCodesByReason.get(reason);
  if (known !== undefined) return known;
  const isTls = certificateWords.has(reason) || /^(?:ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_)/.test(reason);
  // after TLS was made, a server that wants another client certificate just closes
  return isTls || message.includes("client certificate") ? exitCodes.tlsFailed : exitCodes.connectFailed;
}

/** The library names the rule; here somebody asks what to do. */
function describeInvalid(cause: HawserError): ProgramError {
  const isHttp = !systemCode(cause.cause).startsWith("HPE_");
  const what = isHttp
    ? "it is no WebSocket server, or something on the way changes its answers"
    : "is it the right port?";
  return createFault(`${cause.message}; ${what}`, exitCodes.handshakeInvalid, cause);
}

const statusHints: ReadonlyMap<number, string> = new Map([
  [200, "there is a web page at this path, but no WebSocket"],
  [401, 'it wants to know who you are: --header "Authorization: …"'],
  [404, "check the path"],
]);

function describeRefusal(cause: HawserError): ProgramError {
  const { message, facts } = cause;
  const body = toOneLine(String(facts["body"] ?? ""), MAX_BODY_CHARACTERS);
  const hint = statusHints.get(Number(facts["status"]));
  const words = [message, hint, body === "" ? undefined : `it says: ${body}`].filter((part) => part !== undefined);
  return createFault(words.join("; "), exitCodes.handshakeRefused, cause);
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
  const words = certificateWords.get(reason);
  if (words === undefined) return undefined;
  const pin = typeof fingerprint === "string" ? `. If you know that it is the right one: --pin ${fingerprint}` : "";
  return `its certificate ${words}${pin}`;
}

const unknownAuthority =
  "is from an authority that is not known here: give that authority's certificate with --ca FILE";

const certificateWords: ReadonlyMap<string, string> = new Map([
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "is self-signed: give that certificate with --ca FILE"],
  ["SELF_SIGNED_CERT_IN_CHAIN", unknownAuthority],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", unknownAuthority],
  ["UNABLE_TO_GET_ISSUER_CERT", unknownAuthority],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", unknownAuthority],
  ["CERT_HAS_EXPIRED", "has expired: the server needs a new one"],
  ["CERT_NOT_YET_VALID", "is not valid yet: is the clock right?"],
  ["CERT_REVOKED", "was revoked: the server needs a new one"],
  ["INVALID_PURPOSE", "is not one for servers"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "is for another host: connect by a name that it is for"],
  ["CERTIFICATE_NOT_PINNED", "is not the one of --pin: the server has a new one, or somebody is in between"],
]);

/** The library's advice, by the options of this program. */
function toOptions(message: string): string {
  return message
    .replace("`cert` and `key`, or `pfx`", "--cert FILE and --key FILE, or --pfx FILE")
    .replace("`cert` or `pfx`", "--cert or --pfx");
}
