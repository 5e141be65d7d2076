import { ActionError } from "./action-error.js";
import type { ActionRequest } from "./action-request.js";
import { fingerprint } from "./canonical.js";
import type { StoredResponses } from "./stored-responses.js";

/** Starts an idempotent action, unless it runs or ran for the same user and pid: `docs/PROTOCOL.md`, section 3. */
export function repeatOrBegin(stored: StoredResponses, request: ActionRequest, data: unknown): void {
  const { session, action, pid } = request;
  if (session === undefined || pid === undefined) {
    request.start();
    return;
  }
  // lengths keep one name from running into the next
  const key = `${session.user.id.length}:${session.user.id}${action.length}:${action}${pid}`;
  const print = fingerprint(data);
  const entry = stored.find(key);
  if (entry === undefined) {
    request.start(stored, stored.begin({ key, fingerprint: print, session, abort: () => request.stop() }));
  } else if (entry.fingerprint !== print) {
    request.refuse(new ActionError("CONFLICT", "the pid was used with other data", { temporary: false }));
  } else if (entry.response !== undefined) {
    request.onResponse(entry.response, entry.outcome);
  } else if (entry.session === session) {
    request.waitFor(entry);
  } else {
    request.refuse(
      new ActionError("CONFLICT", "the request still runs for another session: ask again", { temporary: true }),
    );
  }
}
