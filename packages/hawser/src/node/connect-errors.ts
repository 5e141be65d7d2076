import type { IncomingMessage } from "node:http";
import { ConnectionError } from "../internal/errors.js";
import type { ErrorFacts } from "../internal/errors.js";
import type { ConnectTarget } from "./connect-target.js";
import type { ServerCertificate } from "./server-certificate.js";

/** The reason in the facts of CONNECT_FAILED when the certificate is none of those pinned. */
const pinReason = "CERTIFICATE_NOT_PINNED";

/** What the codes of Node and OpenSSL mean here, and what to do. */
const reasons: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "nothing listens there: is the server running, and the port right?"],
  ["ENOTFOUND", "the name is not known: check its spelling"],
  ["EAI_AGAIN", "the name cannot be looked up now: is there a network?"],
  ["ETIMEDOUT", "there is no answer: does a firewall drop the packets?"],
  ["EHOSTUNREACH", "there is no way to the host"],
  ["ENETUNREACH", "there is no way to the network"],
  ["ECONNRESET", "the server closed the connection before it answered: does it expect TLS (wss:) there, or none?"],
  ["ENOENT", "there is no such socket file"],
  ["EACCES", "access is denied"],
  ["EPROTO", "there is no TLS that both sides speak: does the server expect ws: there?"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "the server does not speak TLS there: use ws:, or another port"],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", "the server does not speak TLS there: use ws:, or another port"],
]);

const authority = "give the certificate of that authority as `ca`, or this one's fingerprint as `pin`";

/** What is wrong with the server's certificate. */
const certificateReasons: ReadonlyMap<string, string> = new Map([
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "is self-signed: give that certificate as `ca`, or its fingerprint as `pin`"],
  ["SELF_SIGNED_CERT_IN_CHAIN", `is from an authority that is not known here: ${authority}`],
  ["UNABLE_TO_GET_ISSUER_CERT", `is from an authority that is not known here: ${authority}`],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", `is from an authority that is not known here: ${authority}`],
  [
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    `is from an authority that is not known here, or the server does not send those between: ${authority}`,
  ],
  ["CERT_HAS_EXPIRED", "has expired: the server needs a new one"],
  ["CERT_NOT_YET_VALID", "is not valid yet: is the clock right?"],
  ["CERT_REVOKED", "was revoked"],
  ["INVALID_PURPOSE", "is not one for servers"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "is for other names: connect by one of those, or set `servername`"],
  [pinReason, "is none of those in `pin`: the server has a new one, or somebody is in between"],
]);

/** The alerts of servers that want another certificate of ours, or one at all. */
const clientAlert = /ALERT_(CERTIFICATE_\w+|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)$/;

const needsCertificate = "the server wants a client certificate: give `cert` and `key`, or `pfx`";

/** The error of a request that failed before it was answered. */
export function describeFailure(
  error: NodeJS.ErrnoException,
  { url }: ConnectTarget,
  certificate: ServerCertificate,
): ConnectionError {
  const reason = error.code ?? "UNKNOWN";
  if (reason.startsWith("HPE_")) return describeInvalid("the head is not HTTP/1.1, or too long", error);
  if (certificateReasons.has(reason)) return describeCertificate(reason, url, certificate, error);
  const hint = describeClientCertificate(error, certificate) ?? reasons.get(reason) ?? error.message;
  return new ConnectionError("CONNECT_FAILED", `no connection to ${url} could be made: ${hint}`, {
    facts: { url, reason },
    cause: error,
  });
}

/** The error of a server whose certificate is none of those pinned. */
export function describeUnpinned({ url }: ConnectTarget, certificate: ServerCertificate): ConnectionError {
  return describeCertificate(pinReason, url, certificate);
}

function describeCertificate(
  reason: string,
  url: string,
  { fingerprint256 }: ServerCertificate,
  cause?: Error,
): ConnectionError {
  const what = certificateReasons.get(reason) ?? reason;
  const shown = fingerprint256 === undefined ? "" : ` (its SHA-256 fingerprint is ${fingerprint256})`;
  return new ConnectionError(
    "CONNECT_FAILED",
    `no connection to ${url} could be made: its certificate ${what}${shown}`,
    {
      facts: { url, reason, ...(fingerprint256 !== undefined && { fingerprint256 }) },
      ...(cause !== undefined && { cause }),
    },
  );
}

/** What a server says that wants to know its clients. */
function describeClientCertificate(
  { code = "", message }: NodeJS.ErrnoException,
  { secured }: ServerCertificate,
): string | undefined {
  if (code.endsWith("ALERT_CERTIFICATE_REQUIRED")) return needsCertificate;
  if (clientAlert.test(code)) return "the server does not accept our client certificate, the one in `cert` or `pfx`";
  // TLS 1.2 has no word of its own for it
  if (code === "EPROTO" && /alert handshake failure/.test(message)) {
    return `the server refused TLS: there is no version that both sides speak, or ${needsCertificate}`;
  }
  if (!secured || (code !== "ECONNRESET" && code !== "EPIPE")) return undefined;
  return "TLS was made, and the server closed the connection before it answered: it may want a client certificate, or another one";
}

function describeInvalid(rule: string, cause?: unknown): ConnectionError {
  const message = `the server's answer to the opening handshake is not valid: ${rule}`;
  return new ConnectionError("HANDSHAKE_INVALID", message, { facts: { rule }, ...(cause !== undefined && { cause }) });
}

export function describeTimeout({ url }: ConnectTarget, timeoutMs: number): ConnectionError {
  const message = `the opening handshake with ${url} did not finish in ${timeoutMs} ms: raise handshakeTimeoutMs if the server is that slow`;
  return new ConnectionError("HANDSHAKE_TIMEOUT", message, { facts: { url, timeoutMs } });
}

export function describeAbort(signal: AbortSignal): ConnectionError {
  return new ConnectionError("ABORTED", "the connection attempt was cancelled by its signal", { cause: signal.reason });
}

/** The error of an answer that is no 101. Redirects are not followed: the caller may, when it trusts `location`. */
export function describeRefusal(response: IncomingMessage, body: string): ConnectionError {
  const { statusCode: status = 0, statusMessage: statusText = "", headers } = response;
  // Node takes a 101 without an Upgrade header for an ordinary answer
  if (status === 101) return describeInvalid("Upgrade is not websocket");
  const retryAfter = headers["retry-after"];
  const facts: ErrorFacts = {
    status,
    statusText,
    body,
    ...(retryAfter !== undefined && { retryAfter }),
    ...(headers.location !== undefined && { location: headers.location }),
  };
  const redirected = status >= 300 && status < 400 && headers.location !== undefined;
  const hint = redirected ? `: it redirects to ${headers.location}, which is not followed` : "";
  const message = `the server answered the opening handshake with ${status} ${statusText} instead of 101${hint}`;
  return new ConnectionError("HANDSHAKE_REFUSED", message, { facts });
}
