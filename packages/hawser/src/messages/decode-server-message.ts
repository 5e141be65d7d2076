import type { PushMessage, RequestMessage, ResponseMessage } from "./envelope.js";
import { toRequest } from "./decode-request.js";
import { EnvelopeFault } from "./envelope-fault.js";
import { faultOf, isObject, isPid, isText, parseMessage } from "./fields.js";
import type { RawMessage } from "./fields.js";
import type { WireError, WireIssue } from "./wire-errors.js";

/** What came from a server. */
export type ServerMessage =
  | { readonly type: "response"; readonly message: ResponseMessage }
  | { readonly type: "push"; readonly message: PushMessage }
  | { readonly type: "request"; readonly message: RequestMessage }
  /** `fault.pid` is that of the request which the message would have answered, where it could be read. */
  | { readonly type: "fault"; readonly fault: EnvelopeFault };

/**
 * Reads what a server sent. What an application answers may have any number of keys: the server's own limit on them is for requests.
 * A refusal without `actionAck` answers a message that had none; it is "" here.
 */
export function decodeServerMessage(text: string): ServerMessage {
  const raw = parseMessage(text, Infinity);
  if (raw instanceof EnvelopeFault) return { type: "fault", fault: raw };
  if ((raw["action"] ?? raw["Action"] ?? undefined) !== undefined) {
    const request = toRequest(raw);
    if (request === null || request instanceof EnvelopeFault) {
      return { type: "fault", fault: request ?? faultOf(raw, "no action is there") };
    }
    return { type: "request", message: request };
  }
  const message = toAnswer(raw);
  if (typeof message === "string") return { type: "fault", fault: faultOf(raw, message) };
  const { pid } = message;
  return pid === undefined ? { type: "push", message } : { type: "response", message: { ...message, pid } };
}

type Answer = Omit<ResponseMessage, "pid"> & Pick<PushMessage, "key"> & { readonly pid: string | undefined };

/** A response or a push; or what is wrong with it. */
function toAnswer(raw: RawMessage): Answer | string {
  const pid = raw["pid"] ?? raw["Pid"] ?? undefined;
  const actionAck = raw["actionAck"] ?? raw["ActionAck"] ?? undefined;
  const error = raw["error"] ?? undefined;
  const data = raw["data"] ?? raw["Data"] ?? undefined;
  const channel = raw["channel"] ?? undefined;
  const key = raw["key"] ?? undefined;
  const session = raw["session"] ?? undefined;
  const resume = raw["resume"] ?? undefined;
  const resumed = raw["resumed"] ?? undefined;
  const channels = raw["channels"] ?? undefined;
  const status = toStatus(raw["status"] ?? raw["Status"] ?? error === undefined);
  if (status === undefined) return "status is neither 1 nor 0";
  if (pid !== undefined && !isPid(pid)) return "pid is not a string of 1 to 128 bytes";
  if (!isText(actionAck)) return "actionAck is not a string";
  if (actionAck === undefined && status === 1) return "neither action nor actionAck is there";
  if (error !== undefined && !isObject(error)) return "error is not an object";
  if (!isText(channel) || !isText(key) || !isText(session) || !isText(resume)) {
    return "channel, key, session or resume is not a string";
  }
  if (resumed !== undefined && typeof resumed !== "boolean") return "resumed is not a boolean";
  if (channels !== undefined && !isTexts(channels)) return "channels is not a list of strings";
  const wireError = error === undefined ? undefined : toWireError(error);
  const fields = { pid, actionAck: actionAck ?? "", status, data, error: wireError };
  return { ...fields, channel, key, session, resume, resumed, channels };
}

/** `true` and `false` are what .NET's serializers write for it. */
function toStatus(value: unknown): 1 | 0 | undefined {
  if (value === 1 || value === true) return 1;
  return value === 0 || value === false ? 0 : undefined;
}

/** Takes what there is: a refusal must come through, whatever is wrong with its words. */
function toWireError(raw: RawMessage): WireError {
  const { code, message, temporary, retryAfterMs, issues } = raw;
  return {
    code: typeof code === "string" && code !== "" ? code : "INTERNAL",
    message: typeof message === "string" ? message : "",
    temporary: temporary === true,
    ...(typeof retryAfterMs === "number" && retryAfterMs >= 0 ? { retryAfterMs } : {}),
    ...(Array.isArray(issues) ? { issues: issues.filter(isObject).map(toIssue) } : {}),
  };
}

function toIssue({ message, path }: RawMessage): WireIssue {
  const text = typeof message === "string" ? message : "";
  if (!Array.isArray(path)) return { message: text };
  const steps: readonly unknown[] = path;
  return { message: text, path: steps.filter((step) => typeof step === "string" || typeof step === "number") };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
