import type { RequestMessage } from "./envelope.js";
import { EnvelopeFault } from "./envelope-fault.js";
import { faultOf, isAction, isPid, isText, parseMessage } from "./fields.js";
import type { RawMessage } from "./fields.js";

/** A request with each of its fields in its place: what is absent is undefined. */
export interface DecodedRequest extends RequestMessage {
  readonly pid: string | undefined;
  readonly data: unknown;
  readonly channel: string | undefined;
  readonly event: string | undefined;
  readonly key: string | undefined;
  readonly session: string | undefined;
  readonly resume: string | undefined;
}

/**
 * Reads what a client sent. null: there is nothing to do, it answers a request that was not made.
 * Only these fields are taken over, so that a key like `__proto__` reaches nothing; inside `data` keys are the application's.
 */
export function decodeRequest(text: string): DecodedRequest | EnvelopeFault | null {
  const raw = parseMessage(text);
  return raw instanceof EnvelopeFault ? raw : toRequest(raw);
}

/** null: it has no action, but answers one. */
function toRequest(raw: RawMessage): DecodedRequest | EnvelopeFault | null {
  const action = raw["action"] ?? raw["Action"] ?? undefined;
  const pid = raw["pid"] ?? raw["Pid"] ?? undefined;
  const data = raw["data"] ?? raw["Data"] ?? undefined;
  const channel = raw["channel"] ?? undefined;
  const event = raw["event"] ?? undefined;
  const key = raw["key"] ?? undefined;
  const session = raw["session"] ?? undefined;
  const resume = raw["resume"] ?? undefined;
  if (pid !== undefined && !isPid(pid)) return faultOf(raw, "pid is not a string of 1 to 128 bytes");
  if (action === undefined) {
    const answered = raw["actionAck"] ?? raw["ActionAck"] ?? undefined;
    return typeof answered === "string" ? null : faultOf(raw, "neither action nor actionAck is there");
  }
  if (!isAction(action)) return faultOf(raw, "action is not a string of 1 to 128 characters");
  if (!isText(channel)) return faultOf(raw, "channel is not a string");
  if (event !== undefined && !isAction(event)) return faultOf(raw, "event is not a string of 1 to 128 characters");
  if (!isText(key)) return faultOf(raw, "key is not a string");
  if (!isText(session)) return faultOf(raw, "session is not a string");
  if (!isText(resume)) return faultOf(raw, "resume is not a string");
  return { pid, action, data, channel, event, key, session, resume };
}
