// Requests by pid, sessions and channels over WebSockets: docs/PROTOCOL.md.
export { ActionError } from "./action-error.js";
export type { ActionErrorOptions } from "./action-error.js";
export type { Backplane, BackplaneNode, BackplaneSink, Durability } from "./backplane.js";
export { gatewayDefaults } from "./gateway-options.js";
export type * from "./gateway-types.js";
export { GatewayService } from "./gateway.js";
