// hawser/gateway: requests, sessions and channels over WebSockets. A gateway is a service: `server.service("/gateway", gateway)`.
import { createMemoryBackplane } from "../backplanes/memory.js";
import { GatewayService } from "../gateway/index.js";
import type { Gateway, GatewayOptions } from "../gateway/index.js";
import { defaultRuntime } from "../node/index.js";

/**
 * A gateway for Node.js. What it speaks is docs/PROTOCOL.md.
 *
 * @example
 * const gateway = createGateway({ authenticate: (data) => findUser(data) });
 * gateway.action("addOrder", { input: orderSchema }, (order, { user }) => orders.add(user.id, order));
 * server.service("/gateway", gateway);
 * @throws UsageError INVALID_ARGUMENT, naming the option, its value and what was expected
 */
export function createGateway<UserData = unknown>(options: GatewayOptions<UserData>): Gateway<UserData> {
  const runtime = options.runtime ?? defaultRuntime();
  // inside, the application's data is unknown: what it put into a user comes back as it was
  return new GatewayService(options as GatewayOptions, {
    runtime,
    createBackplane: createMemoryBackplane,
  }) as Gateway<UserData>;
}

export { ActionError, gatewayDefaults } from "../gateway/index.js";
export type {
  ActionContext,
  ActionErrorOptions,
  ActionOptions,
  AuditRecord,
  Backplane,
  BackplaneNode,
  BackplaneSink,
  ChannelOptions,
  Durability,
  Gateway,
  GatewayLimits,
  GatewayOptions,
  GatewayStats,
  GatewayUser,
  PublishOptions,
  Session,
  Target,
  UserActionContext,
} from "../gateway/index.js";
export type {
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
  WireError,
  WireErrorCode,
  WireIssue,
} from "../messages/index.js";
export type { HandshakeInfo, Runtime } from "../socket/index.js";
export { ConnectionError, HawserError, ProtocolError, UsageError } from "../internal/errors.js";
export type { ErrorFacts } from "../internal/errors.js";
export type { ErrorCode } from "../internal/error-codes.js";
