import { ConnectionError, UsageError } from "../internal/errors.js";
import { checkDeflateAnswer } from "./deflate-negotiation.js";
import type { DeflateAgreement } from "./deflate-negotiation.js";
import { parseExtensions } from "./extension-header.js";
import { createAnswerError, describeRule } from "./handshake-faults.js";
import { isHandshakeHeader, readHeaders } from "./handshake-headers.js";
import type { HeaderTable } from "./handshake-headers.js";
import { acceptKey } from "./handshake-key.js";
import type { Sha1 } from "./handshake-key.js";
import { checkOutboundValue, formatHeaders, hasToken } from "./header-text.js";
import type { ResponseHead } from "./http-head.js";
import { areProtocols } from "./subprotocol-header.js";

/** What a client asks for. */
export interface UpgradeOffer {
  /** Path and query. */
  readonly target: string;
  /** Host and port, for the Host header; without the port where it is the scheme's own. */
  readonly host: string;
  /** From `createKey`; fresh for each connection. */
  readonly key: string;
  /** In order of preference; may be empty. */
  readonly protocols: readonly string[];
  /** The text of Sec-WebSocket-Extensions, from `offerDeflate`; "" for none. */
  readonly extensions: string;
  readonly origin?: string;
  /** Further headers. They may not be the handshake's own. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the client sent, to check the answer against. */
export interface UpgradeExpectation {
  readonly key: string;
  readonly sha1: Sha1;
  readonly protocols: readonly string[];
  /** The text of Sec-WebSocket-Extensions that was sent; null or "" when nothing was offered. */
  readonly offeredDeflate: string | null;
}

/** What the server agreed to. */
export interface UpgradeAnswer {
  /** The sub-protocol, or "". */
  readonly protocol: string;
  /** The extensions as in the header, or "". */
  readonly extensions: string;
  readonly deflate: DeflateAgreement | null;
  /** All headers by lower-case name; repeats are joined with ", ". */
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * The head of a client's opening handshake (RFC 6455 §4.1), blank line included: ASCII.
 * @throws UsageError INVALID_ARGUMENT for a target, host, sub-protocol, origin or header that cannot be sent
 */
export function formatUpgradeRequest(offer: UpgradeOffer): string {
  const { target, host, key, protocols, extensions, origin, headers = {} } = offer;
  if (!/^\/[\x21\x22\x24-\x7e]*$/.test(target)) throw createArgumentError("target", target);
  if (!/^[\x21-\x7e]+$/.test(host)) throw createArgumentError("host", host);
  if (!areProtocols(protocols)) throw createArgumentError("protocols", protocols.join(", "));
  checkOutboundValue("Sec-WebSocket-Key", key);
  checkOutboundValue("Sec-WebSocket-Extensions", extensions);
  let head = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`;
  head += `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n`;
  if (protocols.length > 0) head += `Sec-WebSocket-Protocol: ${protocols.join(", ")}\r\n`;
  if (extensions !== "") head += `Sec-WebSocket-Extensions: ${extensions}\r\n`;
  if (origin !== undefined) {
    checkOutboundValue("Origin", origin);
    head += `Origin: ${origin}\r\n`;
  }
  return `${head}${formatHeaders(headers, isHandshakeHeader)}\r\n`;
}

/**
 * The client's check of the answer (RFC 6455 §4.1). A server may agree to no sub-protocol although some were offered:
 * `protocol` is "" then.
 * @throws ConnectionError HANDSHAKE_REFUSED for another status than 101 (fact `status`), HANDSHAKE_INVALID (fact `rule`)
 */
export function checkUpgradeResponse(head: ResponseHead, expected: UpgradeExpectation): UpgradeAnswer {
  if (head.status !== 101) {
    const message = `the server answered the opening handshake with status ${head.status} instead of 101`;
    throw new ConnectionError("HANDSHAKE_REFUSED", message, { facts: { status: head.status } });
  }
  const headers = readHeaders(head.rawHeaders);
  if (typeof headers === "string") throw createAnswerError(describeRule(headers));
  const { values, counts } = headers;
  if (head.version !== "1.1") throw createAnswerError("a 101 needs HTTP/1.1");
  if (values.get("upgrade")?.toLowerCase() !== "websocket") throw createAnswerError("Upgrade is not websocket");
  if (!hasToken(values.get("connection") ?? "", "upgrade")) throw createAnswerError("Connection does not list Upgrade");
  if ((counts.get("sec-websocket-accept") ?? 0) > 1) {
    throw createAnswerError("Sec-WebSocket-Accept came more than once");
  }
  if (values.get("sec-websocket-accept") !== acceptKey(expected.key, expected.sha1)) {
    throw createAnswerError("Sec-WebSocket-Accept does not answer the key");
  }
  const extensions = values.get("sec-websocket-extensions") ?? "";
  const deflate = values.has("sec-websocket-extensions")
    ? readExtensions(extensions, expected.offeredDeflate ?? "")
    : null;
  return { protocol: readProtocol(headers, expected.protocols), extensions, deflate, headers: values };
}

function readProtocol({ values, counts }: HeaderTable, offered: readonly string[]): string {
  const protocol = values.get("sec-websocket-protocol");
  if (protocol === undefined) return "";
  if ((counts.get("sec-websocket-protocol") ?? 0) > 1) {
    throw createAnswerError("Sec-WebSocket-Protocol came more than once");
  }
  if (!offered.includes(protocol)) throw createAnswerError("the sub-protocol was not offered");
  return protocol;
}

function readExtensions(value: string, offered: string): DeflateAgreement {
  const [extension, ...more] = parseExtensions(value) ?? [];
  if (extension === undefined) throw createAnswerError("Sec-WebSocket-Extensions is malformed");
  if (more.length > 0) throw createAnswerError("more extensions were answered than offered");
  return checkDeflateAnswer(extension, offered);
}

function createArgumentError(argument: string, value: string): UsageError {
  const message = `the handshake's ${argument} cannot be sent: ${JSON.stringify(value)}`;
  return new UsageError("INVALID_ARGUMENT", message, { facts: { [argument]: value } });
}
