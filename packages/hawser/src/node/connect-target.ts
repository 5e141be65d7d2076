import { UsageError } from "../internal/errors.js";

/** Where a URL leads, and what it carries besides. */
export interface ConnectTarget {
  /** The URL of the connection: with ws: or wss:, without credentials. */
  readonly url: string;
  readonly secure: boolean;
  /** To connect to: without the brackets of IPv6. */
  readonly hostname: string;
  readonly port: number;
  /** For the Host header: without the port where it is the scheme's own. */
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  /** The value of an Authorization header, when the URL has credentials. */
  readonly authorization: string | undefined;
}

const schemes: ReadonlyMap<string, "ws:" | "wss:"> = new Map([
  ["ws:", "ws:"],
  ["http:", "ws:"],
  ["wss:", "wss:"],
  ["https:", "wss:"],
]);

/**
 * Reads the URL of a WebSocket (RFC 6455 §3); http: and https: mean ws: and wss:.
 * @throws UsageError INVALID_ARGUMENT
 */
export function readTarget(input: string | URL, allowPlain: boolean): ConnectTarget {
  const url = parse(input);
  const scheme = schemes.get(url.protocol);
  if (scheme === undefined) throw refuse(`has the scheme ${url.protocol} where ws:, wss:, http: or https: is expected`);
  // §3: fragments mean nothing here, and must not be there; an empty one shows in the text alone
  if (url.href.includes("#")) throw refuse("has a fragment: leave it out, or write # as %23");
  const authorization = readCredentials(url);
  const secure = scheme === "wss:";
  if (authorization !== undefined && !secure && !allowPlain) {
    throw refuse("has credentials, which ws: would send in the clear: use wss:, or set allowPlain");
  }
  return {
    url: `${scheme}//${url.host}${url.pathname}${url.search}`,
    secure,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    host: url.host,
    path: url.pathname + url.search,
    authorization,
  };
}

function parse(input: string | URL): URL {
  try {
    return new URL(input);
  } catch {
    // the text stays out of the message: it may hold a password
    throw refuse('cannot be parsed: expected one like "wss://host/path"');
  }
}

/** RFC 7617: the credentials of the URL as the Basic scheme has them. */
function readCredentials(url: URL): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  let pair: string;
  try {
    pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  } catch {
    throw refuse("has credentials that are not percent-encoded UTF-8");
  }
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

function refuse(what: string): UsageError {
  return new UsageError("INVALID_ARGUMENT", `the URL ${what}`, { facts: { name: "url" } });
}
