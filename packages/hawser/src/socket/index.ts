export type { Transport, TransportSink } from "./transport.js";
export type { MemoryUse, ResourceReadings, Runtime } from "./runtime.js";
export { createRuntime } from "./runtime.js";
export { type RateLimitOptions, rateLimitDefaults } from "./rate-limit-options.js";
export type { HeartbeatOptions, ResolvedSocketOptions, SocketLimits, SocketOptions } from "./socket-options.js";
export { checkBoolean, resolveSocketOptions, socketDefaults } from "./socket-options.js";
export type {
  CloseFrame,
  CloseOptions,
  CloseReport,
  Message,
  MessageStream,
  SendOptions,
  SendStreamOptions,
  Socket,
  SocketState,
  WaitOptions,
} from "./socket-types.js";
export type { ClientCertificate } from "./client-certificate.js";
export type {
  Admission,
  AdmitResult,
  HandshakeInfo,
  Handlers,
  Refusal,
  Service,
  ServiceDefaults,
  SocketHandler,
  StreamHandlers,
} from "./service.js";
export { closeFields, describeClose } from "./describe-close.js";
export { type EncodedMessage, encodeMessage } from "./encoded-message.js";
export { packHeaders } from "./packed-headers.js";
export { SocketKind } from "./socket-kind.js";
export type { SocketParts, SocketSetup } from "./socket-parts.js";
export { openSocket, TransportSocket } from "./transport-socket.js";
export { type SocketStreams, toStreams } from "./stream-adapter.js";
export { SocketCloseEvent, WebSocketAdapter } from "./web-socket-adapter.js";
export { checkHeartbeatNames, socketLimitNames, socketOptionNames } from "./option-names.js";
