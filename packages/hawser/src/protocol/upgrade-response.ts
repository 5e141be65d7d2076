import { UsageError } from "../internal/errors.js";
import { isHandshakeHeader } from "./handshake-headers.js";
import { checkOutboundValue, formatHeaders, isToken } from "./header-text.js";
import type { OutboundHeaders } from "./header-text.js";

/** What a 101 says. */
export interface UpgradeResponse {
  /** From `acceptKey`. */
  readonly accept: string;
  /** The sub-protocol chosen; none when absent or "". */
  readonly protocol?: string;
  /** The text of Sec-WebSocket-Extensions; none when absent or "". */
  readonly extensions?: string;
  /** Further headers. They may not be the handshake's own. */
  readonly headers?: OutboundHeaders;
}

/** What a refusal says. */
export interface RefusalResponse {
  /** 300 to 599. */
  readonly status: number;
  /** Further headers. Connection, Content-Length and those of the 101 are set or kept out here. */
  readonly headers?: OutboundHeaders;
  /** Sent as UTF-8. @default the reason phrase */
  readonly body?: string;
}

/**
 * The head of the answer that opens a WebSocket (RFC 6455 §4.2.2), blank line included: ASCII.
 * @throws UsageError INVALID_ARGUMENT for a sub-protocol or header that cannot be sent
 */
export function formatUpgradeResponse(response: UpgradeResponse): string {
  const { accept, protocol = "", extensions = "", headers = {} } = response;
  let head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`;
  head += `Sec-WebSocket-Accept: ${accept}\r\n`;
  if (protocol !== "") {
    if (!isToken(protocol)) throw createTokenError(protocol);
    head += `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  }
  if (extensions !== "") {
    checkOutboundValue("Sec-WebSocket-Extensions", extensions);
    head += `Sec-WebSocket-Extensions: ${extensions}\r\n`;
  }
  return `${head}${formatHeaders(headers, isHandshakeHeader)}\r\n`;
}

/**
 * A whole answer that refuses the WebSocket. Always with `Connection: close`: what follows the request in the connection
 * was meant for a WebSocket, and is not to be read as HTTP. Write it as UTF-8 and end the connection.
 * @throws UsageError INVALID_ARGUMENT for a status or header that cannot be sent
 */
export function formatRefusal(response: RefusalResponse): string {
  const { status, headers = {} } = response;
  if (!Number.isInteger(status) || status < 300 || status > 599) {
    throw new UsageError("INVALID_ARGUMENT", `the status of a refusal must be 300 to 599, got ${status}`, {
      facts: { status },
    });
  }
  const phrase = reasonPhrases.get(status) ?? "Refused";
  const body = response.body ?? phrase;
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  // a sender of Upgrade must list it in Connection (RFC 9110 §7.8)
  const connection = names.has("upgrade") ? "close, Upgrade" : "close";
  let head = `HTTP/1.1 ${status} ${phrase}\r\nConnection: ${connection}\r\n`;
  if (!names.has("content-type")) head += "Content-Type: text/plain; charset=utf-8\r\n";
  head += `Content-Length: ${countUtf8Bytes(body)}\r\n`;
  return `${head}${formatHeaders(headers, isRefusalHeader)}\r\n${body}`;
}

function isRefusalHeader(name: string): boolean {
  return name === "connection" || name === "content-length" || name === "transfer-encoding";
}

function createTokenError(protocol: string): UsageError {
  const message = `a sub-protocol must be a token, got ${JSON.stringify(protocol)}`;
  return new UsageError("INVALID_ARGUMENT", message, { facts: { protocol } });
}

/** Lone surrogates count as U+FFFD, as encoders write them. */
function countUtf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

const reasonPhrases: ReadonlyMap<number, string> = new Map([
  [301, "Moved Permanently"],
  [302, "Found"],
  [303, "See Other"],
  [307, "Temporary Redirect"],
  [308, "Permanent Redirect"],
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [408, "Request Timeout"],
  [409, "Conflict"],
  [410, "Gone"],
  [413, "Payload Too Large"],
  [414, "URI Too Long"],
  [421, "Misdirected Request"],
  [426, "Upgrade Required"],
  [429, "Too Many Requests"],
  [431, "Request Header Fields Too Large"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
  [505, "HTTP Version Not Supported"],
]);
