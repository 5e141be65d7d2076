import type { DecodedRequest } from "../messages/index.js";
import { ACTION_TIMEOUT_MS } from "./action-registry.js";
import type { ActionDefinition } from "./action-registry.js";
import { ActionRequest } from "./action-request.js";
import type { ChannelPort } from "./channel-port.js";
import type { GatewaySession } from "./session.js";

type Handler = (session: GatewaySession, message: DecodedRequest, request: ActionRequest) => void | Promise<void>;

/** The actions of channels, as actions like any other: they may take time, be cancelled, and count as in flight. */
export function builtInActions(channels: ChannelPort): Map<string, ActionDefinition> {
  const actions: readonly (readonly [string, Handler])[] = [
    [
      "subscribe",
      (session, { channel }, request) => {
        const answer = (): void => request.complete(undefined);
        return channels.subscribe(session, channel, answer, () => ActionRequest.isWaiting(request));
      },
    ],
    ["unsubscribe", (session, { channel }) => channels.unsubscribe(session, channel)],
    ["publish", (session, message) => channels.publishFrom(session, message)],
  ];
  return new Map(actions.map(([name, handler]) => [name, define(name, handler)]));
}

function define(name: string, handler: Handler): ActionDefinition {
  return Object.freeze({
    name,
    input: undefined,
    output: undefined,
    public: false,
    idempotent: false,
    timeoutMs: ACTION_TIMEOUT_MS,
    ofChannel: true,
    handler: (message: unknown, context: unknown): unknown => {
      // such an action gets the whole message, and its context is the request itself
      const request = context as ActionRequest;
      const { session } = request;
      return session === undefined ? undefined : handler(session, message as DecodedRequest, request);
    },
  });
}
