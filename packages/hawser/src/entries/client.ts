/** hawser/client: a client that comes back, for browsers and whatever else has the WebSocket of the WHATWG standard. */
export { createClient, createWebSocketConnector, RequestError } from "../client/index.js";
export type {
  BrowserClientOptions,
  Client,
  ClientAddress,
  ClientClose,
  ClientCounters,
  ClientEvents,
  ClientHeartbeatOptions,
  ClientMessage,
  ClientOptions,
  ClientState,
  ClientUrl,
  Connection,
  ConnectionEnd,
  ConnectionSink,
  Connector,
  ConnectorCapabilities,
  EventIterator,
  OutgoingQueueOptions,
  Publication,
  ReconnectOptions,
  RequestOptions,
  SendOptions,
  Subscription,
  WebSocketClass,
  WebSocketLike,
} from "../client/index.js";
export type { CloseReaction, PushMessage, WireError, WireIssue } from "../messages/index.js";
export { ConnectionError, HawserError, UsageError } from "../internal/errors.js";
export type { ErrorFacts } from "../internal/errors.js";
export type { ErrorCode } from "../internal/error-codes.js";
