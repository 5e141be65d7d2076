import { UsageError } from "../internal/errors.js";
import type { PushMessage, ResponseMessage } from "./envelope.js";
import type { WireError } from "./wire-errors.js";

// Messages are put together by hand: the frame of a message is always the same, and only `data` needs the serializer.

/** Strings that are the same in JSON. */
const plain = /^[\w:. -]*$/;

/** @throws UsageError INVALID_ARGUMENT when `data` cannot be written as JSON */
export function encodeResponse(message: ResponseMessage): string {
  let text = `{"pid":${quote(message.pid)},"actionAck":${quote(message.actionAck)},"status":${message.status}`;
  if (message.channel !== undefined) text += `,"channel":${quote(message.channel)}`;
  if (message.session !== undefined) text += `,"session":${quote(message.session)}`;
  if (message.resume !== undefined) text += `,"resume":${quote(message.resume)}`;
  if (message.resumed !== undefined) text += `,"resumed":${message.resumed}`;
  if (message.channels !== undefined) text += `,"channels":${JSON.stringify(message.channels)}`;
  return `${text}${errorPart(message.error)}${dataPart(message.data)}}`;
}

/** @throws UsageError INVALID_ARGUMENT when `data` cannot be written as JSON */
export function encodePush(message: PushMessage): string {
  let text = `{"actionAck":${quote(message.actionAck)},"status":${message.status}`;
  if (message.channel !== undefined) text += `,"channel":${quote(message.channel)}`;
  if (message.key !== undefined) text += `,"key":${quote(message.key)}`;
  if (message.session !== undefined) text += `,"session":${quote(message.session)}`;
  if (message.resume !== undefined) text += `,"resume":${quote(message.resume)}`;
  return `${text}${errorPart(message.error)}${dataPart(message.data)}}`;
}

/** The response to an action that is done; the shortest way, as it is gone for every request. @throws UsageError INVALID_ARGUMENT */
export function encodeDone(pid: string, action: string, data: unknown): string {
  return `{"pid":${quote(pid)},"actionAck":${quote(action)},"status":1${dataPart(data)}}`;
}

/** The answer to a fault, which may have had neither a pid nor an action. */
export function encodeRefusal(pid: string | undefined, action: string | undefined, error: WireError): string {
  const names = [
    ...(pid === undefined ? [] : [`"pid":${quote(pid)}`]),
    ...(action === undefined ? [] : [`"actionAck":${quote(action)}`]),
  ];
  return `{${[...names, '"status":0'].join(",")}${errorPart(error)}}`;
}

function quote(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}

function errorPart(error: WireError | undefined): string {
  if (error === undefined) return "";
  try {
    return `,"error":${JSON.stringify(error)}`;
  } catch {
    // the issues that an application made up; a refusal has to come through without them
    const { code, message, temporary } = error;
    return `,"error":${JSON.stringify({ code, message: String(message), temporary })}`;
  }
}

/** What is undefined is left out. A loop, a bigint, nesting without end or a `toJSON` that throws is the application's mistake. */
function dataPart(data: unknown): string {
  if (data === undefined) return "";
  let json: string | undefined;
  try {
    json = JSON.stringify(data);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n", 1)[0] : typeof error;
    throw new UsageError("INVALID_ARGUMENT", `data cannot be written as JSON: ${reason}`, {
      facts: { name: "data" },
      cause: error,
    });
  }
  // a function or a symbol has no JSON
  return json === undefined ? "" : `,"data":${json}`;
}
