import type { Target } from "./gateway-types.js";
import { unexpected } from "./gateway-options.js";

/** What gateways tell each other beside publications. */
export type GatewaySignal =
  | { readonly do: "send"; readonly to: Target | "everyone"; readonly text: string }
  | { readonly do: "unsubscribe"; readonly to: Target; readonly channel: string }
  | { readonly do: "kick"; readonly to: Target; readonly code: number; readonly reason: string };

/** As one text: a line of JSON that says what it is, and the message for peers as it is. */
export function formatSignal(signal: GatewaySignal): string {
  if (signal.do !== "send") return JSON.stringify(signal);
  return `${JSON.stringify({ do: signal.do, to: signal.to })}\n${signal.text}`;
}

/** undefined: not one of ours, or of a version that we do not know. */
export function parseSignal(payload: string): GatewaySignal | undefined {
  const end = payload.indexOf("\n");
  const head: unknown = parse(end === -1 ? payload : payload.slice(0, end));
  if (typeof head !== "object" || head === null || !("do" in head) || !("to" in head)) return undefined;
  const { to } = head;
  if (head.do === "send" && end !== -1 && (to === "everyone" || isTarget(to))) {
    return { do: "send", to, text: payload.slice(end + 1) };
  }
  if (head.do === "unsubscribe" && isTarget(to) && "channel" in head && typeof head.channel === "string") {
    return { do: "unsubscribe", to, channel: head.channel };
  }
  if (head.do !== "kick" || !isTarget(to) || !("code" in head) || !("reason" in head)) return undefined;
  const { code, reason } = head;
  if (typeof code !== "number" || typeof reason !== "string") return undefined;
  return { do: "kick", to, code, reason };
}

/** @throws UsageError INVALID_ARGUMENT */
export function checkTarget(target: unknown): Target {
  if (isTarget(target)) return "user" in target ? { user: target.user } : { session: target.session };
  throw unexpected("the target", target, "{ user } or { session }, with an id");
}

function isTarget(value: unknown): value is Target {
  if (typeof value !== "object" || value === null) return false;
  if ("user" in value) return typeof value.user === "string" && !("session" in value);
  return "session" in value && typeof value.session === "string";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
