import type { GatewaySession } from "./session.js";

/** A publication that a client asks for, its fields checked for their types alone. */
export interface PublishRequest {
  readonly channel: string | undefined;
  readonly event: string | undefined;
  readonly key: string | undefined;
  readonly data: unknown;
}

/**
 * What connections need of the channels. A refusal is an ActionError, thrown or rejected with: BAD_REQUEST, UNKNOWN_CHANNEL, FORBIDDEN,
 * TOO_MANY_CHANNELS, TOO_MANY_REQUESTS, RATE_LIMITED, UNAVAILABLE.
 */
export interface ChannelPort {
  /**
   * `answer` sends the response. It is called exactly once, unless this refuses, and right before the session can get the first publication:
   * the response comes first. A session that ended meanwhile is not subscribed; `answer` may be called for it and does nothing.
   * Nor is one of whose requests none `isWaiting` any more: each was told that it is not.
   */
  subscribe(
    session: GatewaySession,
    channel: string | undefined,
    answer: () => void,
    isWaiting?: () => boolean,
  ): void | Promise<void>;
  /** From its return on the session gets no publication of the channel. */
  unsubscribe(session: GatewaySession, channel: string | undefined): void;
  /** By a client: asks whether the session may. */
  publishFrom(session: GatewaySession, request: PublishRequest): void | Promise<void>;
  /** The session has ended. */
  leaveAll(session: GatewaySession): void;
}
