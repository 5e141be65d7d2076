import { createClientCore } from "./client.js";
import { createMisuse } from "./client-errors.js";
import type { Client, ClientOptions, ClientUrl } from "./client-types.js";
import { createWebSocketConnector } from "./connector-browser.js";
import type { Connector } from "./connector.js";
import { browserPlatform } from "./platform-browser.js";
import type { WebSocketClass } from "./web-socket-class.js";

/** The options of a client, and what it connects with. */
export interface BrowserClientOptions extends ClientOptions {
  /** A class of the WHATWG standard to connect with. @default the platform's `WebSocket` */
  readonly WebSocketClass?: WebSocketClass | undefined;
  /** What connects instead: a transport of your own. */
  readonly connector?: Connector | undefined;
}

/**
 * Creates a client of the server at `url`, that comes back by itself. It does nothing before `connect`.
 * @throws UsageError INVALID_ARGUMENT for a URL or an option that cannot be, or where there is no WebSocket
 */
export function createClient(url: ClientUrl, options: BrowserClientOptions = {}): Client {
  const { WebSocketClass, connector, ...others } = options;
  return createClientCore(connector ?? createOwn(WebSocketClass), browserPlatform, url, others);
}

function createOwn(given: WebSocketClass | undefined): Connector {
  // what the type promises, older runtimes lack
  const found = given ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  if (found === undefined) {
    throw createMisuse("WebSocketClass", found, "a class: there is none here");
  }
  return createWebSocketConnector(found);
}
