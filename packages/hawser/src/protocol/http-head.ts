import { createAnswerError, describeRule, refuseUpgrade } from "./handshake-faults.js";
import type { RefusalRule, UpgradeRefusal } from "./handshake-faults.js";
import { handshakeDefaults } from "./handshake-headers.js";
import type { HandshakeLimits } from "./handshake-headers.js";
import { isFieldValue, isToken, isWhitespace, trimWhitespace } from "./header-text.js";

/** The head of an HTTP/1.x request. `rawHeaders` holds names and values in turn, as Node's does. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** "1.1" or "1.0". */
  readonly version: string;
  readonly rawHeaders: readonly string[];
}

/** The head of an HTTP/1.x response. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** "1.1" or "1.0". */
  readonly version: string;
  readonly rawHeaders: readonly string[];
}

/** The blank line has not come. Pass `scanned` to the next call, made with the same bytes and more. */
export interface IncompleteHead {
  readonly kind: "incomplete";
  readonly scanned: number;
}

/** A whole head; `bytes` of the input belong to it, the rest to what follows. */
export interface CompleteHead<Head> {
  readonly kind: "head";
  readonly head: Head;
  readonly bytes: number;
}

/** A head that no WebSocket can come of. */
export interface RefusedHead {
  readonly kind: "refused";
  readonly refusal: UpgradeRefusal;
}

/**
 * Parses the head of a request. May be called again as bytes arrive; each byte is looked at a bounded number of times.
 * Stricter than HTTP asks: no bare LF, no folded header, no empty line before the first one.
 */
export function parseRequestHead(
  bytes: Uint8Array,
  limits: HandshakeLimits = handshakeDefaults,
  scanned = 0,
): CompleteHead<RequestHead> | IncompleteHead | RefusedHead {
  const scan = scanHead(bytes, limits, scanned);
  if (typeof scan === "object") return scan;
  const head = typeof scan === "string" ? scan : readRequest(bytes, scan, limits);
  if (typeof head === "string") return { kind: "refused", refusal: refuseUpgrade(head) };
  return { kind: "head", head, bytes: Number(scan) };
}

/**
 * Parses the head of a response. May be called again as bytes arrive.
 * @throws ConnectionError HANDSHAKE_INVALID for a head that is malformed or over the limits
 */
export function parseResponseHead(
  bytes: Uint8Array,
  limits: HandshakeLimits = handshakeDefaults,
  scanned = 0,
): CompleteHead<ResponseHead> | IncompleteHead {
  const scan = scanHead(bytes, { ...limits, maxTargetBytes: Infinity }, scanned);
  if (typeof scan === "object") return scan;
  const head = typeof scan === "string" ? scan : readResponse(bytes, scan, limits);
  if (typeof head === "string") throw createAnswerError(describeRule(head));
  return { kind: "head", head, bytes: Number(scan) };
}

/** The longest first line beside its target: a method that we never accept, two spaces, the version, CR LF. */
const START_LINE_ROOM = 64;

/** Finds the position behind the blank line, or the rule broken before it. */
function scanHead(bytes: Uint8Array, limits: HandshakeLimits, scanned: number): number | RefusalRule | IncompleteHead {
  const end = Math.min(bytes.length, limits.maxHeaderBytes);
  for (let index = scanned; index < end; index += 1) {
    if (bytes[index] !== 0x0a) continue;
    if (bytes[index - 1] !== 0x0d) return "bare-line-feed";
    if (index === 1) return "start-line-invalid";
    if (bytes[index - 2] === 0x0a) return index + 1;
  }
  const maxStartLine = limits.maxTargetBytes + START_LINE_ROOM;
  if (end > maxStartLine && bytes.subarray(0, maxStartLine).indexOf(0x0a) < 0) return "target-too-long";
  if (end === limits.maxHeaderBytes) return "head-too-large";
  return { kind: "incomplete", scanned: end };
}

function readRequest(bytes: Uint8Array, end: number, limits: HandshakeLimits): RequestHead | RefusalRule {
  const lines = readLines(bytes, end);
  const [method = "", target = "", protocol = "", ...more] = (lines[0] ?? "").split(" ");
  if (!isToken(method) || !isTarget(target) || more.length > 0) return "start-line-invalid";
  const version = readVersion(protocol);
  if (version === undefined) return "start-line-invalid";
  if (version !== "1.1" && version !== "1.0") return "http-version-unsupported";
  if (target.length > limits.maxTargetBytes) return "target-too-long";
  const rawHeaders = readFields(lines, limits);
  return typeof rawHeaders === "string" ? rawHeaders : { method, target, version, rawHeaders };
}

function readResponse(bytes: Uint8Array, end: number, limits: HandshakeLimits): ResponseHead | RefusalRule {
  const lines = readLines(bytes, end);
  const line = lines[0] ?? "";
  // RFC 9112 §4: HTTP-version SP status-code SP [ reason ]. Without a reason some servers leave out the second space.
  const version = readVersion(line.slice(0, 8));
  const digits = line.slice(9, 12);
  const reason = line.slice(13);
  if (version === undefined || line[8] !== " " || !isStatus(digits)) return "start-line-invalid";
  if ((line.length > 12 && line[12] !== " ") || !isFieldValue(reason)) return "start-line-invalid";
  if (version !== "1.1" && version !== "1.0") return "http-version-unsupported";
  const rawHeaders = readFields(lines, limits);
  return typeof rawHeaders === "string" ? rawHeaders : { status: Number(digits), reason, version, rawHeaders };
}

/** The lines of the head without the blank one, a character a byte. */
function readLines(bytes: Uint8Array, end: number): string[] {
  let text = "";
  // in pieces: each byte becomes an argument, and engines bound those
  for (let start = 0; start < end - 4; start += 4096) {
    text += String.fromCharCode(...bytes.subarray(start, Math.min(start + 4096, end - 4)));
  }
  return text.split("\r\n");
}

function readFields(lines: readonly string[], limits: HandshakeLimits): string[] | RefusalRule {
  if (lines.length - 1 > limits.maxHeaders) return "too-many-headers";
  const rawHeaders: string[] = [];
  for (const line of lines.slice(1)) {
    if (isWhitespace(line.charCodeAt(0))) return "folded-header";
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    const value = trimWhitespace(line.slice(colon + 1));
    if (!isToken(name)) return "header-name-invalid";
    if (!isFieldValue(value)) return "header-value-invalid";
    rawHeaders.push(name, value);
  }
  return rawHeaders;
}

/** The digits of `HTTP/1.1`; HTTP's name is case-sensitive (RFC 9112 §2.3). */
function readVersion(protocol: string): string | undefined {
  return /^HTTP\/\d\.\d$/.test(protocol) ? protocol.slice(5) : undefined;
}

function isStatus(digits: string): boolean {
  return /^[1-9]\d\d$/.test(digits);
}

/** Whether a target is of visible ASCII; its form is judged with the rest of the request. */
function isTarget(target: string): boolean {
  return /^[\x21-\x7e]+$/.test(target);
}
