/** hawser/client on Node.js: as in browsers, over `connect` of `hawser/socket`. */
export * from "./client.js";
// these stand in place of the browser's
export { createClient, createNodeConnector } from "../client/index-node.js";
export type { NodeClientOptions, NodeConnectionOptions, NodeConnectionSource } from "../client/index-node.js";
