import { UsageError } from "../internal/errors.js";
import { isToken } from "./header-text.js";
import { parseHost } from "./host.js";

/** The parts of an origin (RFC 6454 §4). Two origins are the same when all three are. */
export interface Origin {
  /** In lower case; `ws` and `wss` are written `http` and `https`. */
  readonly scheme: string;
  readonly host: string;
  /** The scheme's own when none was written; undefined for a scheme without one. */
  readonly port: number | undefined;
}

const defaultPorts: ReadonlyMap<string, number> = new Map([
  ["http", 80],
  ["https", 443],
]);

const webSchemes: ReadonlyMap<string, string> = new Map([
  ["ws", "http"],
  ["wss", "https"],
]);

/**
 * Parses the one origin of an Origin header: scheme, "://", host, and a port or none. Returns undefined for all else:
 * `null`, two origins, user info, a path (even "/"), a name that is not ASCII.
 */
export function parseOrigin(text: string): Origin | undefined {
  const separator = text.indexOf("://");
  const written = text.slice(0, Math.max(separator, 0)).toLowerCase();
  const address = parseHost(text.slice(separator + 3));
  if (address === undefined || !isToken(written)) return undefined;
  const scheme = webSchemes.get(written) ?? written;
  return { scheme, host: address.host, port: address.port ?? defaultPorts.get(scheme) };
}

/**
 * Whether a page of `origin` may open a WebSocket here. Without an origin it is no browser, and allowed. Allowed are the
 * server's own origin, and those listed; `"*"` allows all. `host` is the request's Host header, `secure` whether it came
 * over TLS.
 *
 * The own origin has the host and port of `host`; a port left out is the default one of the origin's scheme. Over TLS the
 * page must have come over TLS as well. Without TLS a page of either scheme is taken: where a proxy ends TLS, an https page
 * is the honest case.
 */
export function originAllowed(
  origin: string | undefined,
  host: string,
  secure: boolean,
  allowed: readonly string[] | "*",
): boolean {
  if (origin === undefined || allowed === "*") return true;
  if (origin === "null") return allowed.includes("null");
  const page = parseOrigin(origin);
  if (page === undefined) return false;
  return isOwnOrigin(page, host, secure) || allowed.some((entry) => isSameOrigin(page, parseOrigin(entry)));
}

/**
 * Checks a list of origins that an application allows.
 * @throws UsageError INVALID_ARGUMENT for an entry that could match no page
 */
export function checkAllowedOrigins(allowed: readonly string[]): void {
  for (const entry of allowed) {
    if (entry === "null" || parseOrigin(entry) !== undefined) continue;
    const message = `an allowed origin must be written like "https://example.com" or "https://example.com:8443", got ${JSON.stringify(entry)}`;
    throw new UsageError("INVALID_ARGUMENT", message, { facts: { origin: entry } });
  }
}

function isOwnOrigin(page: Origin, host: string, secure: boolean): boolean {
  const own = parseHost(host);
  const schemePort = defaultPorts.get(page.scheme);
  if (own === undefined || schemePort === undefined || (secure && page.scheme !== "https")) return false;
  return page.host === own.host && page.port === (own.port ?? schemePort);
}

function isSameOrigin(page: Origin, other: Origin | undefined): boolean {
  return page.scheme === other?.scheme && page.host === other.host && page.port === other.port;
}
