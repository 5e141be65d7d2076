// What a client is made of on every platform.
export type {
  ClientMessage,
  Connection,
  ConnectionEnd,
  ConnectionSink,
  Connector,
  ConnectorCapabilities,
} from "./connector.js";
export { createWebSocketConnector } from "./connector-browser.js";
export type { WebSocketClass, WebSocketLike } from "./web-socket-class.js";
export type { ClientPlatform } from "./platform.js";
export { browserPlatform } from "./platform-browser.js";
