import type { RefusalRule } from "./handshake-faults.js";
import { isAscii, isFieldValue, isToken } from "./header-text.js";

/** How large the head of a handshake may be. `Infinity` means no limit. */
export interface HandshakeLimits {
  /** Bytes of the whole head: first line, header fields and the blank line. @default 8192 */
  readonly maxHeaderBytes: number;
  /** Header fields. @default 100 */
  readonly maxHeaders: number;
  /** Bytes of the request target: path and query. @default 4096 */
  readonly maxTargetBytes: number;
}

/** Room for large cookies; less than most HTTP servers take, as a handshake has no other use for it. */
export const handshakeDefaults: HandshakeLimits = { maxHeaderBytes: 8192, maxHeaders: 100, maxTargetBytes: 4096 };

/** Header fields by lower-case name: their values, repeats joined with ", ", and how often each came. */
export interface HeaderTable {
  readonly values: ReadonlyMap<string, string>;
  readonly counts: ReadonlyMap<string, number>;
}

/**
 * Reads header fields as they stood on the wire (name, value, name, value …). Counting is done here and not left to an
 * HTTP parser: those join or drop repeats, each in its own way, and two readers of one request must not disagree.
 * Returns the broken rule when a name or a value is malformed. Values of `Sec-WebSocket-…` must be ASCII.
 */
export function readHeaders(rawHeaders: readonly string[]): HeaderTable | RefusalRule {
  const values = new Map<string, string>();
  const counts = new Map<string, number>();
  let name: string | undefined;
  for (const text of rawHeaders) {
    if (name === undefined) {
      name = text.toLowerCase();
      if (!isToken(name)) return "header-name-invalid";
      continue;
    }
    if (!isFieldValue(text) || (name.startsWith("sec-websocket-") && !isAscii(text))) return "header-value-invalid";
    const before = values.get(name);
    values.set(name, before === undefined ? text : `${before}, ${text}`);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    name = undefined;
  }
  return name === undefined ? { values, counts } : "header-name-invalid";
}

/** How many bytes the header fields take on the wire, with ": " and CR LF. */
export function countHeaderBytes(rawHeaders: readonly string[]): number {
  let bytes = 0;
  for (const text of rawHeaders) bytes += text.length + 2;
  return bytes;
}

/** Whether the application may not set the header: it is the handshake's own, or would give the head a body. */
export function isHandshakeHeader(name: string): boolean {
  return handshakeHeaders.has(name) || name.startsWith("sec-websocket-");
}

const handshakeHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "origin",
  "transfer-encoding",
  "upgrade",
]);
