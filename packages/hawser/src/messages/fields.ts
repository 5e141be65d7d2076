import { EnvelopeFault } from "./envelope-fault.js";
import { findJsonFault, MAX_KEYS } from "./json-guard.js";

/** A message as it was parsed: nothing in it is known yet. Keys are looked up by name, and never copied. */
export type RawMessage = Readonly<Record<string, unknown>>;

const MAX_PID_BYTES = 128;
const MAX_ACTION_LENGTH = 128;
/** What is longer than this and breaks the guard is not parsed for the sake of its pid. */
const MAX_REFUSED_LENGTH = 65_536;

/** Parses the text of one message. */
export function parseMessage(text: string): RawMessage | EnvelopeFault {
  const fault = findJsonFault(text, MAX_KEYS);
  if (fault !== undefined && text.length > MAX_REFUSED_LENGTH) return new EnvelopeFault(fault, { isAnswered: true });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new EnvelopeFault("not JSON");
  }
  if (!isObject(value)) return new EnvelopeFault("not a JSON object");
  return fault === undefined ? value : faultOf(value, fault);
}

/** The fault of a message that is an object. */
export function faultOf(raw: RawMessage, reason: string): EnvelopeFault {
  const pid = raw["pid"] ?? raw["Pid"];
  const action = raw["action"] ?? raw["Action"] ?? raw["actionAck"] ?? raw["ActionAck"];
  return new EnvelopeFault(reason, {
    isAnswered: true,
    pid: isPid(pid) ? pid : undefined,
    action: isAction(action) ? action : undefined,
  });
}

function isObject(value: unknown): value is RawMessage {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** 1 to 128 bytes in UTF-8. */
export function isPid(value: unknown): value is string {
  if (typeof value !== "string" || value === "") return false;
  // a UTF-16 unit is 1 to 3 bytes
  return value.length * 3 <= MAX_PID_BYTES || (value.length <= MAX_PID_BYTES && countBytes(value) <= MAX_PID_BYTES);
}

export function isAction(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_ACTION_LENGTH;
}

/** Whether it is a string, or not there. */
export function isText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

function countBytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
