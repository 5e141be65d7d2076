// The gateway's wire, docs/PROTOCOL.md: message shapes, names, error and close codes. Pure: no platform at all.
export { isChannelName } from "./channel-name.js";
export {
  CLOSE_FORBIDDEN,
  CLOSE_MALFORMED,
  CLOSE_REPLACED,
  CLOSE_SLOW,
  CLOSE_UNAUTHENTICATED,
  closeCodes,
  closeReaction,
} from "./close-codes.js";
export type { CloseReaction } from "./close-codes.js";
export { decodeRequest } from "./decode-request.js";
export type { DecodedRequest } from "./decode-request.js";
export { encodeDone, encodePush, encodeRefusal, encodeResponse } from "./encode.js";
export { RESERVED_ACTIONS, SUB_PROTOCOL } from "./envelope.js";
export { EnvelopeFault } from "./envelope-fault.js";
export type { PushMessage, RequestMessage, ResponseMessage } from "./envelope.js";
export type { SchemaInput, SchemaIssue, SchemaOutput, SchemaResult, StandardSchema } from "./standard-schema.js";
export { wireErrors } from "./wire-errors.js";
export type { WireError, WireErrorCode, WireIssue } from "./wire-errors.js";
