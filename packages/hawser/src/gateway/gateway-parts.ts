import type { HawserError } from "../internal/errors.js";
import type { Runtime, Socket } from "../socket/index.js";
import type { ActionDefinition } from "./action-registry.js";
import type { Audit } from "./audit.js";
import type { ChannelPort } from "./channel-port.js";
import type { ResolvedGatewayOptions } from "./gateway-options.js";
import type { SessionRegistry } from "./session-registry.js";
import type { GatewaySession } from "./session.js";
import type { StoredResponses } from "./stored-responses.js";

/** What the connections of one gateway share. */
export interface GatewayParts {
  readonly options: ResolvedGatewayOptions;
  readonly runtime: Runtime;
  /** By name; the gateway's own among them. */
  readonly actions: ReadonlyMap<string, ActionDefinition>;
  readonly sessions: SessionRegistry;
  readonly channels: ChannelPort;
  readonly stored: StoredResponses;
  /** null: nobody wants to know. */
  readonly audit: Audit | null;
  /** Whether the gateway was closed: nobody logs in any more. */
  isClosed: boolean;
  /** Requests in flight of all connections. */
  requestsInFlight: number;
  /** Tells what peers are not told. Never throws. */
  readonly fail: (error: HawserError, session: GatewaySession | null) => void;
  /** A peer was too slow. */
  readonly onSlow: (socket: Socket) => void;
}
