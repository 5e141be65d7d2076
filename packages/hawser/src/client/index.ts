// What a client is made of on every platform.
export type {
  ClientMessage,
  Connection,
  ConnectionEnd,
  ConnectionSink,
  Connector,
  ConnectorCapabilities,
} from "./connector.js";
export { createClient } from "./create-client.js";
export type { BrowserClientOptions } from "./create-client.js";
export { createWebSocketConnector } from "./connector-browser.js";
export type { WebSocketClass, WebSocketLike } from "./web-socket-class.js";
export type { ClientPlatform } from "./platform.js";
export { createClientCore } from "./client.js";
export { RequestError } from "./request-error.js";
export type {
  Client,
  ClientAddress,
  ClientClose,
  ClientCounters,
  ClientEvents,
  ClientHeartbeatOptions,
  ClientOptions,
  ClientState,
  ClientUrl,
  EventIterator,
  OutgoingQueueOptions,
  Publication,
  ReconnectOptions,
  RequestOptions,
  SendOptions,
  Subscription,
} from "./client-types.js";
