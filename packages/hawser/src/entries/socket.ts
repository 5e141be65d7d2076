/** The Socket and a plain client for Node.js: one connection, no reconnection. */
export { connect, connectDefaults, toDuplex } from "../node/index.js";
export type {
  ConnectDeflateOptions,
  ConnectOptions,
  MessageConnectOptions,
  StreamConnectOptions,
} from "../node/index.js";
export type { TlsFile, TlsFiles } from "../node/index.js";
export { ConnectionError, HawserError, ProtocolError, UsageError } from "../internal/errors.js";
export type { ErrorFacts } from "../internal/errors.js";
export type { ErrorCode } from "../internal/error-codes.js";
export { CLOSE_ABNORMAL, CLOSE_BAD_GATEWAY, CLOSE_EXTENSION_MISSING, CLOSE_GOING_AWAY } from "../protocol/index.js";
export { CLOSE_INTERNAL_ERROR, CLOSE_INVALID_DATA, CLOSE_MESSAGE_TOO_BIG, CLOSE_NORMAL } from "../protocol/index.js";
export {
  CLOSE_NO_STATUS,
  CLOSE_POLICY_VIOLATION,
  CLOSE_PROTOCOL_ERROR,
  CLOSE_SERVICE_RESTART,
} from "../protocol/index.js";
export { CLOSE_TLS_FAILED, CLOSE_TRY_AGAIN_LATER, CLOSE_UNSUPPORTED_DATA, closeCodeName } from "../protocol/index.js";
export { describeClose, SocketCloseEvent, socketDefaults, toStreams, WebSocketAdapter } from "../socket/index.js";
export type { CloseFrame, CloseOptions, CloseReport, Message, MessageStream } from "../socket/index.js";
export type { Socket, SocketState } from "../socket/index.js";
export type { SendOptions, SendStreamOptions, WaitOptions } from "../socket/index.js";
export type { HeartbeatOptions, RateLimitOptions, Runtime, SocketLimits, SocketOptions } from "../socket/index.js";
export type { Handlers, StreamHandlers } from "../socket/index.js";
export type { SocketStreams } from "../socket/index.js";
