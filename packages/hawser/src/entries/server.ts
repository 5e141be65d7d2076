// hawser/server: WebSocket services by path, on Node's own HTTP server.
export { createServer } from "../server/index.js";
export type {
  Attachment,
  BroadcastOptions,
  ClientCertificateMode,
  Logger,
  PathParams,
  RequestHandler,
  Server,
  ServerAddress,
  ServerCloseOptions,
  ServerDeflateOptions,
  ServerLimits,
  ServerOptions,
  ServerState,
  ServerStats,
  ServerTlsOptions,
  ServiceFunction,
  ServiceHandle,
  ServiceHandlers,
  ServiceOptions,
  ServiceRequest,
  ServiceSocket,
  ServiceStreamFunction,
  ServiceStreamHandlers,
} from "../server/index.js";
export type { TlsFile, TlsFiles } from "../node/index.js";
export type {
  Admission,
  AdmitResult,
  ClientCertificate,
  CloseFrame,
  CloseOptions,
  CloseReport,
  HandshakeInfo,
  Handlers,
  HeartbeatOptions,
  Message,
  MessageStream,
  RateLimitOptions,
  Refusal,
  Runtime,
  SendOptions,
  SendStreamOptions,
  Service,
  ServiceDefaults,
  Socket,
  SocketHandler,
  SocketLimits,
  SocketOptions,
  SocketState,
  StreamHandlers,
  WaitOptions,
} from "../socket/index.js";
export { describeClose } from "../socket/index.js";
export { ConnectionError, HawserError, ProtocolError, UsageError } from "../internal/errors.js";
export type { ErrorFacts } from "../internal/errors.js";
export type { ErrorCode } from "../internal/error-codes.js";
