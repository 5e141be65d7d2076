import type { IncomingMessage } from "node:http";
import { ConnectionError } from "../internal/errors.js";
import type { ErrorFacts } from "../internal/errors.js";
import type { ConnectTarget } from "./connect-target.js";

const untrusted = "its certificate is not trusted: give the certificate of its authority as `ca`";

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
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "its certificate is self-signed: give that certificate as `ca`"],
  ["SELF_SIGNED_CERT_IN_CHAIN", untrusted],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", untrusted],
  ["UNABLE_TO_GET_ISSUER_CERT", untrusted],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", untrusted],
  ["CERT_HAS_EXPIRED", "its certificate has expired"],
  ["CERT_NOT_YET_VALID", "its certificate is not valid yet: is the clock right?"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for other names: connect by one of those, or set `servername`"],
]);

/** The error of a request that failed before it was answered. */
export function describeFailure(error: NodeJS.ErrnoException, { url }: ConnectTarget): ConnectionError {
  const reason = error.code ?? "UNKNOWN";
  if (reason.startsWith("HPE_")) return describeInvalid("the head is not HTTP/1.1, or too long", error);
  const hint = reasons.get(reason) ?? error.message;
  return new ConnectionError("CONNECT_FAILED", `no connection to ${url} could be made: ${hint}`, {
    facts: { url, reason },
    cause: error,
  });
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
