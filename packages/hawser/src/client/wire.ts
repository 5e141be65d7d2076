import type { PushMessage, ResponseMessage, WireError } from "../messages/index.js";
import { createMisuse } from "./client-errors.js";
import { readHint } from "./retry-after.js";

// The client's own reading and writing of docs/PROTOCOL.md, section 2: a page has to load every byte of it. It trusts its server
// further than the server trusts it, so the guard of `messages/` is not here; a test has it read what a gateway writes.

/** What came from a server, whichever it is: with `action` a request, with `pid` a response, else a push. */
export interface Incoming extends Omit<ResponseMessage, "pid">, PushMessage {
  readonly pid: string | undefined;
  readonly action: string | undefined;
}

/** undefined: not a message of the protocol. */
export function parseIncoming(json: string): Incoming | undefined {
  let raw: Readonly<Record<string, unknown>>;
  try {
    raw = Object(JSON.parse(json)) as typeof raw; // nothing is known of its fields
  } catch {
    return undefined;
  }
  // as .NET's serializers write them
  const get = (key: string): unknown => raw[key] ?? raw[key.charAt(0).toUpperCase() + key.slice(1)] ?? undefined;
  const text = (key: string): string | undefined => {
    const value = get(key);
    return typeof value === "string" ? value : undefined;
  };
  const { error, channels } = raw;
  const status = get("status") ?? !error;
  const pid = text("pid");
  const action = text("action");
  const actionAck = text("actionAck");
  if ((pid ?? action ?? actionAck) === undefined) return undefined;
  return {
    pid,
    action,
    actionAck: actionAck ?? "",
    status: status === 1 || status === true ? 1 : 0,
    data: get("data"),
    error: error ? toWireError(error) : undefined,
    channel: text("channel"),
    key: text("key"),
    session: text("session"),
    resume: text("resume"),
    resumed: raw["resumed"] === true,
    channels: Array.isArray(channels) ? (channels as string[]) : undefined, // compared with names, nothing else
  };
}

/** Takes what there is: a refusal must come through, whatever is wrong with its words. */
export function toWireError(error: unknown): WireError {
  const { code, message, temporary, retryAfterMs, ...others } = Object(error) as Partial<WireError>; // as far as it keeps to the protocol
  const hintMs = readHint(retryAfterMs);
  return {
    ...others,
    code: typeof code === "string" ? code : "INTERNAL",
    message: typeof message === "string" ? message : "",
    temporary: temporary === true,
    ...(hintMs > 0 && { retryAfterMs: hintMs }),
  };
}

/**
 * The JSON of a message. What is undefined is left out.
 * @throws UsageError INVALID_ARGUMENT for what has none
 */
export function toJson(message: object): string {
  let json: unknown;
  try {
    json = JSON.stringify(message); // undefined for a function
  } catch (error) {
    json = error;
  }
  if (typeof json === "string") return json;
  throw createMisuse("data", json, "JSON");
}
