import { UsageError } from "../internal/errors.js";
import { createClientCore } from "./client.js";
import type { Client, ClientUrl } from "./client-types.js";
import { createWebSocketConnector } from "./connector-browser.js";
import { createNodeConnector } from "./connector-node.js";
import type { NodeConnectionSource } from "./connector-node.js";
import type { BrowserClientOptions } from "./create-client.js";
import type { Connector } from "./connector.js";
import { nodePlatform } from "./platform-node.js";

/** The options of a client, and what it connects with. */
export interface NodeClientOptions extends BrowserClientOptions {
  /**
   * How its connections are made: TLS, headers, an agent for a proxy, limits; whatever `connect` of `hawser/socket` takes. A function
   * is called for every connection. Not together with `WebSocketClass` or `connector`.
   */
  readonly node?: NodeConnectionSource | undefined;
}

/**
 * Creates a client of the server at `url`, that comes back by itself. It does nothing before `connect`. Without a `WebSocketClass` it
 * connects with `connect` of `hawser/socket`, and pings by frames.
 * @throws UsageError INVALID_ARGUMENT for a URL or an option that cannot be; ConnectionError TLS_INVALID
 */
export function createClient(url: ClientUrl, options: NodeClientOptions = {}): Client {
  const { WebSocketClass, connector, node, ...others } = options;
  return createClientCore(choose({ WebSocketClass, connector, node }), nodePlatform, url, others);
}

type Choices = Pick<NodeClientOptions, "WebSocketClass" | "connector" | "node">;

function choose({ WebSocketClass, connector, node }: Choices): Connector {
  if ([WebSocketClass, connector, node].filter((given) => given !== undefined).length > 1) {
    throw new UsageError(
      "INVALID_ARGUMENT",
      "node, WebSocketClass and connector exclude each other: give one of them",
      {
        facts: { name: "connector" },
      },
    );
  }
  if (WebSocketClass !== undefined) return createWebSocketConnector(WebSocketClass);
  return connector ?? createNodeConnector(node);
}
