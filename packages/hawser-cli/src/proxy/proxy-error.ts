import { isIPv6 } from "node:net";
import { toOneLine } from "../plain-text.js";
import type { ProxyAddress } from "./proxy-address.js";

/** What a proxy did instead of leading to the server. The message never has its password. */
export class ProxyError extends Error {
  readonly kind: "unreachable" | "refused";
  readonly code: string;

  constructor(kind: ProxyError["kind"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.code = kind === "refused" ? "PROXY_REFUSED" : "PROXY_UNREACHABLE";
  }

  override get name(): string {
    return "ProxyError";
  }
}

/** Where a tunnel shall lead. */
export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
}

const reasons: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "nothing listens there: is it running, and the port right?"],
  ["ENOTFOUND", "its name is not known: check the spelling"],
  ["EAI_AGAIN", "its name cannot be looked up now: is there a network?"],
  ["ETIMEDOUT", "there is no answer: does a firewall drop the packets?"],
  ["EHOSTUNREACH", "there is no way to the host"],
  ["ENETUNREACH", "there is no way to the network"],
  ["ECONNRESET", "it closed the connection before it answered: does it expect another kind of proxy's client?"],
]);

/** The proxy cannot be reached, or ends the connection without an answer. */
export function describeUnreachable({ host }: ProxyAddress, code: string, cause: Error): ProxyError {
  const why = reasons.get(code) ?? toOneLine(cause.message, 200);
  return new ProxyError("unreachable", `the proxy ${host} cannot be used: ${why}`, cause);
}

export function describeProxySilence({ host }: ProxyAddress, timeoutMs: number): string {
  return (
    `the proxy ${host} did not lead to the server in ${timeoutMs} ms: it may be waiting for the server itself; ` +
    "use --handshake-timeout-ms if it is that slow"
  );
}

/** An HTTP proxy answered CONNECT with something else than 200. */
export function describeConnectAnswer(
  { host, credentials }: ProxyAddress,
  target: TunnelTarget,
  answer: { readonly statusCode: number; readonly statusText: string },
): ProxyError {
  const status = toOneLine(`${answer.statusCode} ${answer.statusText}`, 100);
  if (answer.statusCode === 407 || answer.statusCode === 401) {
    const what =
      credentials === undefined
        ? "wants to know a user and password: give them in the proxy's address, http://USER:PASSWORD@HOST:PORT"
        : "does not accept this user and password: check them; characters such as @ and % are written %40 and %25 there";
    return new ProxyError("refused", `the proxy ${host} answered ${status}: it ${what}`);
  }
  return new ProxyError("refused", `the proxy ${host} answered ${status} when asked for ${formatTarget(target)}`);
}

/** A SOCKS proxy said no, in the words of the library. */
export function describeSocksRefusal({ host }: ProxyAddress, target: TunnelTarget, cause: Error): ProxyError {
  const words = toOneLine(cause.message, 200);
  return new ProxyError("refused", `the proxy ${host} did not lead to ${formatTarget(target)}: ${words}`, cause);
}

function formatTarget({ host, port }: TunnelTarget): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
