import { parseExtensions } from "./extension-header.js";
import type { ExtensionOffer } from "./extension-header.js";
import { refuseUpgrade } from "./handshake-faults.js";
import type { RefusalRule, UpgradeRefusal } from "./handshake-faults.js";
import { countHeaderBytes, handshakeDefaults, readHeaders } from "./handshake-headers.js";
import type { HandshakeLimits, HeaderTable } from "./handshake-headers.js";
import { isKey } from "./handshake-key.js";
import { hasToken, hasWideControl } from "./header-text.js";
import { parseHost } from "./host.js";
import type { RequestHead } from "./http-head.js";
import { readTarget } from "./request-target.js";
import { parseProtocols } from "./subprotocol-header.js";

/** A request that can become a WebSocket. */
export interface UpgradeRequest {
  /** Path and query, as written; of a target in absolute form what follows the authority. */
  readonly target: string;
  /** The Sec-WebSocket-Key, for `acceptKey`. */
  readonly key: string;
  /** The Host header as written. */
  readonly host: string;
  /** The Origin header, or undefined: not a browser. Judge it with `originAllowed`. */
  readonly origin: string | undefined;
  /** The sub-protocols offered, in the client's order of preference. */
  readonly protocols: readonly string[];
  /** The extensions offered, in the client's order of preference. */
  readonly extensions: readonly ExtensionOffer[];
  /** All headers by lower-case name; repeats are joined with ", ". */
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * The server's check of an opening handshake (RFC 6455 §4.2.1). Trusts no HTTP parser: everything is read from the raw
 * headers. A request that is broken gets 400 or a sharper status; one that is sound but no WebSocket gets 426.
 */
export function checkUpgradeRequest(
  head: RequestHead,
  limits: HandshakeLimits = handshakeDefaults,
): UpgradeRequest | UpgradeRefusal {
  const headers = checkSize(head, limits) ?? readHeaders(head.rawHeaders);
  if (typeof headers === "string") return refuseUpgrade(headers);
  const rule = checkHttp(head, headers) ?? checkUpgrade(headers.values);
  return rule === undefined ? readRequest(head, headers.values) : refuseUpgrade(rule);
}

/** Fields that may come at most once. Those that are lists may be split over lines (RFC 9110 §5.3). */
const singleFields = ["host", "origin", "sec-websocket-key", "sec-websocket-version"];

function checkSize(head: RequestHead, limits: HandshakeLimits): RefusalRule | undefined {
  if (head.target.length > limits.maxTargetBytes) return "target-too-long";
  if (head.rawHeaders.length > limits.maxHeaders * 2) return "too-many-headers";
  // the first line has two spaces, HTTP/1.1 and CR LF; a blank line ends the head
  const bytes = head.method.length + head.target.length + 14 + countHeaderBytes(head.rawHeaders);
  return bytes > limits.maxHeaderBytes ? "head-too-large" : undefined;
}

/** What any HTTP server should refuse, and what would let a body or a second request pass as frames. */
function checkHttp(head: RequestHead, { values, counts }: HeaderTable): RefusalRule | undefined {
  if (head.method !== "GET") return "method-not-get";
  if (head.version !== "1.1") return "http-version-old";
  if (head.rawHeaders.some(hasWideControl)) return "header-value-invalid";
  if (singleFields.some((name) => (counts.get(name) ?? 0) > 1)) return "duplicate-header";
  if (values.has("transfer-encoding") || !/^0+$/.test(values.get("content-length") ?? "0")) return "body-announced";
  return parseHost(values.get("host") ?? "") === undefined ? "host-invalid" : undefined;
}

/** Whether the peer asks for the WebSocket that we speak. Says 426 as long as nothing is broken. */
function checkUpgrade(values: ReadonlyMap<string, string>): RefusalRule | undefined {
  if (!hasToken(values.get("upgrade") ?? "", "websocket")) return "upgrade-missing";
  if (!hasToken(values.get("connection") ?? "", "upgrade")) return "connection-without-upgrade";
  if (values.get("sec-websocket-version") !== "13") return "version-unsupported";
  return isKey(values.get("sec-websocket-key") ?? "") ? undefined : "key-invalid";
}

function readRequest(head: RequestHead, headers: ReadonlyMap<string, string>): UpgradeRequest | UpgradeRefusal {
  const key = headers.get("sec-websocket-key") ?? "";
  const host = headers.get("host") ?? "";
  const place = readTarget(head.target, host);
  if ("rule" in place) return refuseUpgrade(place.rule);
  const offeredProtocols = headers.get("sec-websocket-protocol");
  const protocols = offeredProtocols === undefined ? [] : parseProtocols(offeredProtocols);
  if (protocols === undefined) return refuseUpgrade("protocols-invalid");
  const offeredExtensions = headers.get("sec-websocket-extensions");
  const extensions = offeredExtensions === undefined ? [] : parseExtensions(offeredExtensions);
  if (extensions === undefined) return refuseUpgrade("extensions-invalid");
  return { target: place.target, key, host, origin: headers.get("origin"), protocols, extensions, headers };
}
