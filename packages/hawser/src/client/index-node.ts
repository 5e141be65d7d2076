// What a client is made of on Node.js.
export * from "./index.js";
export { createClient } from "./create-client-node.js";
export type { NodeClientOptions } from "./create-client-node.js";
export { createNodeConnector } from "./connector-node.js";
export type { NodeConnectionOptions, NodeConnectionSource } from "./connector-node.js";
