import { getProxyForUrl } from "proxy-from-env";
import { createUsageError } from "../program-error.js";

/** A proxy to go through, with what it may want to know. */
export interface ProxyAddress {
  readonly kind: "http" | "socks";
  /** Without user and password, for people and for the agents. */
  readonly url: URL;
  readonly host: string;
  readonly credentials: ProxyCredentials | undefined;
  /** Nobody has asked for it here and now. */
  readonly isFromEnvironment: boolean;
}

interface ProxyCredentials {
  readonly user: string;
  readonly password: string;
}

const kinds: ReadonlyMap<string, ProxyAddress["kind"]> = new Map([
  ["http:", "http"],
  ["https:", "http"],
  ["socks:", "socks"],
  ["socks5:", "socks"],
  ["socks5h:", "socks"],
]);

/** What the length fields of SOCKS 5 can say (RFC 1929). */
const MAX_CREDENTIAL_BYTES = 255;

/**
 * The proxy for a server: what `--proxy` names, nothing with `--no-proxy`, and else what the environment says.
 * @throws ProgramError (usage) for one that cannot be used; never with its password
 */
export function chooseProxy(url: string, option: string | false | undefined): ProxyAddress | undefined {
  if (option === false) return undefined;
  if (option !== undefined) return parseProxy(option, "--proxy");
  const found = findInEnvironment(url);
  if (found === undefined) return undefined;
  return { ...parseProxy(found, "the proxy of the environment"), isFromEnvironment: true };
}

/** HTTP_PROXY for ws:, HTTPS_PROXY for wss:, ALL_PROXY for both, NO_PROXY for exceptions; in either case. */
function findInEnvironment(url: string): string | undefined {
  const scheme = /^(?:wss|https):/i.test(url) ? "https" : "http";
  const found = getProxyForUrl(url.replace(/^[a-z]+:/i, `${scheme}:`));
  if (found === "") return undefined;
  // for a value without a scheme the package takes the one of the URL; everybody else takes http
  const names = [`${scheme}_proxy`, `${scheme}_proxy`.toUpperCase(), "all_proxy", "ALL_PROXY"];
  const value = names.map((name) => process.env[name]).find((text) => text !== undefined && text !== "");
  return value ?? found;
}

/** @throws ProgramError (usage) */
function parseProxy(text: string, source: string): ProxyAddress {
  const url = parseUrl(text.includes("://") ? text : `http://${text}`, source);
  const kind = kinds.get(url.protocol);
  if (kind === undefined) {
    throw createUsageError(`${source} begins with ${url.protocol}//: expected http://, https:// or socks5h://`);
  }
  const credentials = readCredentials(url, source);
  url.username = "";
  url.password = "";
  return { kind, url, host: `${url.protocol}//${url.host}`, credentials, isFromEnvironment: false };
}

function parseUrl(text: string, source: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // the text stays out of the message: it may hold a password
  if (url === undefined || url.hostname === "") {
    throw createUsageError(`${source} is no address of a proxy: expected one like http://127.0.0.1:3128`);
  }
  return url;
}

function readCredentials({ username, password }: URL, source: string): ProxyCredentials | undefined {
  if (username === "" && password === "") return undefined;
  let credentials: ProxyCredentials;
  try {
    credentials = { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    throw createUsageError(`${source} has a user or password that is not percent-encoded: write % as %25`);
  }
  const longest = Math.max(Buffer.byteLength(credentials.user), Buffer.byteLength(credentials.password));
  if (longest > MAX_CREDENTIAL_BYTES) {
    throw createUsageError(`${source} has a user or password of more than ${MAX_CREDENTIAL_BYTES} bytes`);
  }
  return credentials;
}
