import { UsageError } from "../internal/errors.js";
import type { ByteOperations } from "../internal/bytes.js";
import { MAX_CONTROL_BYTES, type Role } from "./frames.js";

// RFC 6455 §7.4.1 and the IANA registry of close codes.
export const CLOSE_NORMAL = 1000;
export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_PROTOCOL_ERROR = 1002;
export const CLOSE_UNSUPPORTED_DATA = 1003;
/** Never on the wire: stands for a Close without a code. */
export const CLOSE_NO_STATUS = 1005;
/** Never on the wire: stands for a connection that ended without a Close. */
export const CLOSE_ABNORMAL = 1006;
export const CLOSE_INVALID_DATA = 1007;
export const CLOSE_POLICY_VIOLATION = 1008;
export const CLOSE_MESSAGE_TOO_BIG = 1009;
export const CLOSE_EXTENSION_MISSING = 1010;
export const CLOSE_INTERNAL_ERROR = 1011;
export const CLOSE_SERVICE_RESTART = 1012;
export const CLOSE_TRY_AGAIN_LATER = 1013;
export const CLOSE_BAD_GATEWAY = 1014;
/** Never on the wire: stands for a failed TLS handshake. */
export const CLOSE_TLS_FAILED = 1015;
/** Ours: the peer sent more than it was allowed for too long. It may come again, later. */
export const CLOSE_RATE_LIMITED = 4029;

/** What a Close has room for beside its code (RFC 6455 §5.5, §5.5.1). */
export const MAX_REASON_BYTES: number = MAX_CONTROL_BYTES - 2;

const names: ReadonlyMap<number, string> = new Map([
  [CLOSE_NORMAL, "normal closure"],
  [CLOSE_GOING_AWAY, "going away"],
  [CLOSE_PROTOCOL_ERROR, "protocol error"],
  [CLOSE_UNSUPPORTED_DATA, "unsupported data"],
  [CLOSE_NO_STATUS, "no status received"],
  [CLOSE_ABNORMAL, "abnormal closure"],
  [CLOSE_INVALID_DATA, "invalid payload data"],
  [CLOSE_POLICY_VIOLATION, "policy violation"],
  [CLOSE_MESSAGE_TOO_BIG, "message too big"],
  [CLOSE_EXTENSION_MISSING, "mandatory extension missing"],
  [CLOSE_INTERNAL_ERROR, "internal error"],
  [CLOSE_SERVICE_RESTART, "service restart"],
  [CLOSE_TRY_AGAIN_LATER, "try again later"],
  [CLOSE_BAD_GATEWAY, "bad gateway"],
  [CLOSE_TLS_FAILED, "TLS handshake failed"],
  [CLOSE_RATE_LIMITED, "rate limited"],
]);

/** Whether a Close frame may carry the code (RFC 6455 §7.4, and 1012 to 1014 of the registry). */
export function isWireCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

/** A short name for people: of the registry, or of the range. */
export function closeCodeName(code: number): string {
  const name = names.get(code);
  if (name !== undefined) return name;
  if (code >= 3000 && code <= 3999) return "registered by a library or framework";
  return code >= 4000 && code <= 4999 ? "private to the application" : "reserved";
}

/**
 * Refuses what a local call may not send: `role` is the caller's. Without a code there is no reason either.
 * @throws UsageError INVALID_ARGUMENT
 */
export function checkClose(code: number | undefined, reason: string, role: Role, bytes: ByteOperations): void {
  if (code !== undefined) checkCode(code, role);
  checkReason(reason, bytes);
  if (code === undefined && reason !== "") {
    throw invalid("close reason without a code: give a code, or leave the reason out", { name: "code" });
  }
}

/** The payload of a Close frame: empty without a code. Code and reason passed `checkClose` or are our own. */
export function formatClosePayload(code: number | undefined, reason: string, bytes: ByteOperations): Uint8Array {
  if (code === undefined) return bytes.allocate(0);
  const payload = bytes.allocate(2 + bytes.utf8ByteLength(reason));
  payload[0] = code >>> 8;
  payload[1] = code;
  bytes.encodeUtf8(reason, payload, 2);
  return payload;
}

/** Our own reason cut to what a Close has room for, never inside a code point. A caller's longer one is an error instead. */
export function cutReason(text: string, bytes: ByteOperations): string {
  // the longest of what this many units can hold is sure to fit
  if (text.length * 3 <= MAX_REASON_BYTES || bytes.utf8ByteLength(text) <= MAX_REASON_BYTES) return text;
  let room = MAX_REASON_BYTES;
  let kept = "";
  for (const codePoint of text) {
    room -= bytes.utf8ByteLength(codePoint);
    if (room < 0) break;
    kept += codePoint;
  }
  return kept;
}

function checkCode(code: number, role: Role): void {
  // callers without types may pass anything
  if (!Number.isInteger(code) || !isWireCloseCode(code)) {
    const expected = "1000-1003, 1007-1014 or 3000-4999";
    throw invalid(`close code ${display(code)} may not be sent: use ${expected}`, {
      name: "code",
      value: display(code),
      expected,
    });
  }
  // RFC 6455 §7.4.1: a server that misses an extension fails the handshake instead
  if (code === CLOSE_EXTENSION_MISSING && role === "server") {
    const expected = "another code than 1010, which only clients send";
    throw invalid(`close code 1010 may not be sent by a server: use ${expected}`, {
      name: "code",
      value: code,
      expected,
    });
  }
}

function checkReason(reason: string, bytes: ByteOperations): void {
  // a typed array or number taken for a reason has leaked memory elsewhere (CVE-2026-45736)
  if (typeof reason !== "string") {
    throw invalid(`close reason is of type ${typeof reason}: give a string`, {
      name: "reason",
      value: typeof reason,
      expected: "a string",
    });
  }
  const size = bytes.utf8ByteLength(reason);
  if (size > MAX_REASON_BYTES) {
    throw invalid(`close reason has ${size} bytes in UTF-8: keep it to ${MAX_REASON_BYTES}`, {
      name: "reason",
      value: size,
      expected: `at most ${MAX_REASON_BYTES} bytes`,
    });
  }
}

/** Values of callers without types, without calling any code of theirs. */
function display(value: unknown): string | number {
  return typeof value === "number" ? value : typeof value;
}

function invalid(message: string, facts: Record<string, string | number>): UsageError {
  return new UsageError("INVALID_ARGUMENT", message, { facts });
}
