/** A host and port as they stand in a Host header or behind the scheme of an origin. */
export interface HostAddress {
  /** In lower case, without the dot at the end; an IPv6 address in its brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

const MAX_HOST_CHARACTERS = 253;

/**
 * Parses `host` or `host:port`. Stricter than RFC 3986: a name of letters, digits, "-" and "_" in labels that are not
 * empty (an IDN comes as punycode), an IPv4 address, or a bracketed IPv6 address; a port from 1 to 65535 without leading
 * zeros. Returns undefined for all else: user info, a path, an escape, two hosts.
 */
export function parseHost(text: string): HostAddress | undefined {
  const colon = text.indexOf(":", text.startsWith("[") ? text.indexOf("]") + 1 : 0);
  const host = (colon < 0 ? text : text.slice(0, colon)).toLowerCase();
  if (!isHostName(host) && !isBracketedAddress(host)) return undefined;
  const port = colon < 0 ? undefined : parsePort(text.slice(colon + 1));
  if (colon >= 0 && port === undefined) return undefined;
  return { host: host.endsWith(".") ? host.slice(0, -1) : host, port };
}

/**
 * Whether a request may be served by a server that listens on a loopback address: its Host names this machine, on any
 * port, or is listed (`name` for any port, `name:port`). A page that points its own name at 127.0.0.1 (DNS rebinding)
 * comes with that name and is told apart by it.
 */
export function hostAllowed(host: string, allowed: readonly string[]): boolean {
  const address = parseHost(host);
  if (address === undefined) return false;
  if (loopbackNames.has(address.host)) return true;
  return allowed.some((entry) => {
    const listed = parseHost(entry);
    return listed?.host === address.host && (listed.port === undefined || listed.port === address.port);
  });
}

const loopbackNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Labels of at most 63 characters, with one dot between and at most one behind them (RFC 1035 §2.3.4). */
function isHostName(host: string): boolean {
  const name = host.endsWith(".") ? host.slice(0, -1) : host;
  return name.length <= MAX_HOST_CHARACTERS && name.split(".").every((label) => /^[a-z0-9_-]{1,63}$/.test(label));
}

/** By its characters only: addresses are compared as text, and one written in another way equals none. */
function isBracketedAddress(host: string): boolean {
  return /^\[[0-9a-f:.]{2,45}\]$/.test(host);
}

function parsePort(text: string): number | undefined {
  const port = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
