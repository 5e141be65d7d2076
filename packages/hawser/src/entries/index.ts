// hawser: what most programs need of a server and of a plain client for Node.js.
export { createServer } from "../server/index.js";
export type {
  BroadcastOptions,
  Logger,
  Server,
  ServerAddress,
  ServerCloseOptions,
  ServerOptions,
  ServiceHandle,
  ServiceOptions,
} from "../server/index.js";
export { connect } from "../node/index.js";
export type { ConnectOptions } from "../node/index.js";
export type {
  Admission,
  CloseFrame,
  CloseReport,
  HandshakeInfo,
  Handlers,
  Message,
  MessageStream,
  Refusal,
  Service,
  Socket,
  SocketHandler,
  SocketOptions,
  SocketState,
  StreamHandlers,
} from "../socket/index.js";
export { ConnectionError, HawserError, ProtocolError, UsageError } from "../internal/errors.js";
export type { ErrorFacts } from "../internal/errors.js";
export type { ErrorCode } from "../internal/error-codes.js";
