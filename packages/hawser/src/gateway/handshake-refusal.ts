import type { Refusal } from "../socket/service.js";
import type { ActionError } from "./action-error.js";

/** The HTTP answer to a handshake whose credentials were refused. */
export function refuseHandshake({ code, temporary, retryAfterMs }: ActionError): Refusal {
  const retryAfter = retryAfterMs === undefined ? undefined : String(Math.ceil(retryAfterMs / 1000));
  return {
    status: statusOf(code, temporary),
    headers: retryAfter === undefined ? {} : { "Retry-After": retryAfter },
    // no more than the code: this may be shown to whoever asks
    body: code,
  };
}

function statusOf(code: string, temporary: boolean): number {
  if (code === "RATE_LIMITED" || code === "TOO_MANY_SESSIONS") return 429;
  if (code === "LOGIN_REFUSED" || code === "UNAUTHENTICATED") return 401;
  if (code === "INTERNAL") return 500;
  return temporary ? 503 : 403;
}
